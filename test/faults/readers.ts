import { setTimeout as sleep } from "node:timers/promises";
import { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import type { ReaderHistory, Way } from "./history.ts";

export interface ReaderOptions {
  /** Asked for each connection. */
  readonly gateway: () => string;
  readonly tripId: string;
  readonly riderId: string;
  readonly via: Way;
  /** Waits so long before the first connection, ms. */
  readonly joinsAfterMs: number;
  /** After how many updates the page is closed and opened again, each once. */
  readonly leavesAfter: readonly number[];
  /** Gives up. */
  readonly signal: AbortSignal;
}

const COMES_BACK_AFTER_MS = 200;

/** A rider's page: reads a trip until its end, comes back when it is cut, and says what it has. */
export function read(options: ReaderOptions): { history: ReaderHistory; over: Promise<void> } {
  const { tripId, via } = options;
  const history: ReaderHistory = { tripId, via, updates: [], openedAt: [], ended: false };
  return { history, over: readOn(options, history) };
}

async function readOn(options: ReaderOptions, history: ReaderHistory): Promise<void> {
  const { signal } = options;
  await sleep(options.joinsAfterMs, undefined, { signal }).catch(() => undefined);
  const leaves = [...options.leavesAfter];
  let lastEventId: string | undefined;
  while (!history.ended && !signal.aborted) {
    const connection = new AbortController();
    try {
      const headers = { "x-rider-id": options.riderId };
      const response = await fetch(
        `http://${options.gateway()}/v1/trips/${options.tripId}/updates?via=${options.via}`,
        {
          headers:
            lastEventId === undefined ? headers : { ...headers, "last-event-id": lastEventId },
          signal: AbortSignal.any([signal, connection.signal]),
        },
      );
      if (!response.ok || !response.body) throw new Error(`${response.status}`);
      history.openedAt.push(Date.now());
      for await (const { event, id, data } of serverSentEvents(response.body)) {
        if (event === "end") history.ended = true;
        if (event !== "update") continue;
        lastEventId = id;
        history.updates.push({ update: TripUpdate.fromJSON(JSON.parse(data)), at: Date.now() });
        if (history.updates.length === leaves[0]) {
          leaves.shift();
          break; // closes the connection
        }
      }
    } catch {
      // cut, or refused: it comes back
    } finally {
      connection.abort();
    }
    if (!history.ended) {
      await sleep(COMES_BACK_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

interface ServerSentEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const frames = text.split("\n\n");
    text = frames.pop() ?? ""; // not complete yet
    for (const frame of frames) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(frame)?.[1] ?? "";
      yield { event: field("event"), id: field("id"), data: field("data") };
    }
  }
}
