import { setTimeout as sleep } from "node:timers/promises";
import type { SseEvent, TestStream } from "./gateway-under-test.ts";

const AGAIN_MS = 50;

/** A rider who comes back with the last id whenever the stream is cut, as a page does. */
export interface Rider {
  /** What has arrived over all connections: `d1 s1 c1 …`. */
  words(): string[];
  /** Everything that has arrived, as it was sent. */
  events(): SseEvent[];
  /** Closes the present connection without the rider's leaving. */
  cut(): void;
  /** How often the rider has come. */
  visits(): number;
  /** Resolves when `end` has arrived. */
  readonly told: Promise<void>;
  leave(): void;
}

/** Opens a stream with `open` until one tells the end; what is refused is tried again in a moment. */
export function ride(open: (headers: Record<string, string>) => Promise<TestStream>): Rider {
  const streams: TestStream[] = [];
  let left = false;
  const events = () => streams.flatMap((stream) => stream.events);
  const isTold = () => streams.at(-1)?.events.at(-1)?.event === "end";
  const come = async () => {
    while (!left && !isTold()) {
      const id = events().at(-1)?.id;
      const stream = await open(id ? { "last-event-id": id } : {}).catch(() => undefined);
      if (stream?.status === 200) {
        streams.push(stream);
        if (left) stream.close();
        await stream.over;
      } else {
        stream?.close();
        await sleep(AGAIN_MS);
      }
    }
  };
  return {
    words: () => streams.flatMap((stream) => stream.summary().split(" ")).filter(Boolean),
    events,
    cut: () => streams.at(-1)?.close(),
    visits: () => streams.length,
    told: come(),
    leave() {
      left = true;
      streams.at(-1)?.close();
    },
  };
}

/** The sequences of a kind in what has arrived, by the kind's letter. */
export function seqsOf(words: readonly string[], letter: string): number[] {
  return words.filter((word) => word.startsWith(letter)).map((word) => Number(word.slice(1)));
}

/** What a rider knows of each kind in the end, as it was sent. */
export function lastOfEach(events: readonly SseEvent[]): Record<string, unknown> {
  const last: Record<string, unknown> = {};
  for (const { event, data } of events) {
    if (event !== "update") continue;
    const { kind, ...rest } = JSON.parse(data) as { kind: string };
    last[kind] = rest;
  }
  return last;
}
