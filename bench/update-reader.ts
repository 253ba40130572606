// Reads a trip's updates from the gateway, as a rider's page does.
import { get } from "node:http";
import { TripUpdate, type TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";

/** A stream that does not end by then is cut. */
const OVER_WITHIN_MS = 30_000;

export interface Arrival {
  readonly kind: TripUpdateKind;
  readonly seq: number;
  /** By `performance.now()`. */
  readonly atMs: number;
}

export interface UpdateReader {
  /** Every update so far, in order of arrival. */
  readonly arrivals: readonly Arrival[];
  /** Resolves when the stream is over, whoever ended it. */
  readonly over: Promise<void>;
}

/** Opens the stream of a trip at the gateway's `host:port`; what is refused just brings no updates. */
export function readUpdates(gateway: string, tripId: string, rider: string): UpdateReader {
  const arrivals: Arrival[] = [];
  const over = Promise.withResolvers<void>();
  const request = get(`http://${gateway}/v1/trips/${tripId}/updates`, {
    headers: { "x-rider-id": rider },
    agent: false,
    signal: AbortSignal.timeout(OVER_WITHIN_MS),
  });
  request.on("error", () => over.resolve()); // cut: whoever counts finds updates missing
  request.on("response", (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      const atMs = performance.now();
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = /^event: update$[\s\S]*^data: (.*)$/m.exec(block)?.[1];
        if (data === undefined) continue;
        const { kind, seq } = TripUpdate.fromJSON(JSON.parse(data));
        arrivals.push({ kind, seq, atMs });
      }
    });
    response.on("error", () => undefined); // told by `close`
    response.on("close", () => over.resolve());
  });
  return { arrivals, over: over.promise };
}
