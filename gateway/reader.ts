import type { ServerResponse } from "node:http";
import { context } from "@opentelemetry/api";
import { TripUpdate, type TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import { tracePush } from "#kit/events/trace-push.ts";
import { createFold, type Marks } from "#kit/events/trip-fold.ts";
import { failpoint } from "#kit/lifecycle/failpoint.ts";

/** How long things may take; tests make them shorter. */
export interface ReaderLimits {
  /** Time between comments that keep proxies from closing a silent stream, ms. */
  readonly keepAliveMs: number;
  /** Time within which a full buffer has to drain before its reader is cut, ms. */
  readonly drainWithinMs: number;
}

export const readerDefaults: ReaderLimits = { keepAliveMs: 15_000, drainWithinMs: 10_000 };

/** One open stream of one rider. */
export interface Reader {
  /** Aborts when the stream is over, whoever ended it. */
  readonly signal: AbortSignal;
  /** Sends an update, or keeps it while the reader is slow; of a kind only the newest. */
  offer(update: TripUpdate): void;
  /** Writes the head and what was offered so far; until then everything is held back. */
  begin(): void;
  /** The highest `seq` known of a kind. */
  reached(kind: TripUpdateKind): number;
  /** Sends what is left, then `event: end`. */
  end(): void;
  /** Closes without an `end`, so that the page comes back and resumes. */
  cut(): void;
}

/**
 * Writes updates as server-sent events, no faster than they are read.
 *
 * While the socket's buffer is full only the newest update of each kind is kept, so a slow reader costs four
 * updates of memory; one that does not drain in time is cut and may resume.
 */
export function openReader(response: ServerResponse, marks: Marks, limits: ReaderLimits): Reader {
  const opening = context.active();
  const fold = createFold(marks);
  const closed = new AbortController();
  let blocked = true; // until begin()
  let ending = false;
  let patience: NodeJS.Timeout | undefined;
  let keepAlive: NodeJS.Timeout | undefined;

  const write = (text: string) => {
    if (response.write(text)) return;
    blocked = true;
    patience = setTimeout(() => response.destroy(), limits.drainWithinMs);
  };
  const flush = () => {
    while (!blocked && !closed.signal.aborted) {
      const next = fold.take();
      if (!next) break;
      const pushed = tracePush("push update", next.update, opening);
      const data = JSON.stringify(TripUpdate.toJSON(pushed));
      write(`event: update\nid: ${next.id}\ndata: ${data}\n\n`);
      failpoint("gateway.written");
    }
    if (!blocked && ending && !closed.signal.aborted && !response.writableEnded) finish();
  };
  const finish = () => {
    clearInterval(keepAlive); // a comment after the end would be an error, and nobody's to catch
    response.end("event: end\ndata: {}\n\n");
    patience = setTimeout(() => response.destroy(), limits.drainWithinMs); // the end may not be read either
  };

  response.on("drain", () => {
    if (response.writableEnded) return;
    clearTimeout(patience);
    blocked = false;
    flush();
  });
  response.on("close", () => {
    clearTimeout(patience);
    clearInterval(keepAlive);
    closed.abort();
  });

  return {
    signal: closed.signal,
    reached: fold.reached,
    offer(update) {
      fold.offer(update);
      flush();
    },
    begin() {
      if (closed.signal.aborted) return;
      response.writeHead(200, streamHeaders);
      blocked = false;
      write("retry: 1000\n\n");
      keepAlive = setInterval(() => {
        if (!blocked) write(": still here\n\n");
      }, limits.keepAliveMs);
      flush();
    },
    end() {
      ending = true;
      flush();
    },
    cut: () => response.destroy(),
  };
}

/** Headers of every event stream: no cache, and no proxy that waits for more. */
export const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-accel-buffering": "no",
} as const;
