import { type GrpcSocket, openGrpcSocket } from "./grpc-socket.ts";
import type { Header } from "./hpack.ts";
import { quantile } from "./numbers.ts";

/** So many callers, each sending its next call when its last was answered. */
export interface ClosedLoop {
  readonly kind: "closed";
  readonly address: string;
  readonly path: string;
  /** Sent in turn: with one body, branch prediction makes a model look 45 % faster. */
  readonly bodies: readonly Buffer[];
  readonly headers: readonly Header[];
  /**
   * Share of the calls whose `traceparent` says that they are recorded, as Envoy would say it; the others say that
   * they are not. Undefined: calls come without.
   */
  readonly recordedShare?: number | undefined;
  readonly callers: number;
  readonly windowMs: number;
  /** A shorter reply counts as failed: it is not the model's. */
  readonly minReplyBytes: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly replies: number;
  readonly failures: number;
}

export async function runClosedLoop(order: ClosedLoop): Promise<LoadResult> {
  const socket = await openGrpcSocket(order.address);
  try {
    return await loop(socket, order);
  } finally {
    socket.close();
  }
}

function loop(socket: GrpcSocket, order: ClosedLoop): Promise<LoadResult> {
  const { path, bodies, headers, callers, windowMs, minReplyBytes, recordedShare } = order;
  const contexts = recordedShare === undefined ? [] : traceHeaders(recordedShare);
  return new Promise((resolve) => {
    const latenciesMs: number[] = [];
    let failures = 0;
    let sent = 0;
    let running = callers;
    const started = performance.now();

    const next = () => {
      const begun = performance.now();
      if (begun - started >= windowMs) {
        if (--running === 0) resolve(summary(latenciesMs, failures, begun - started));
        return;
      }
      socket.call({
        path,
        body: bodies[sent++ % bodies.length] as Buffer,
        kept: headers,
        once: contexts[sent % contexts.length] ?? [],
        done(ok, replyBytes) {
          latenciesMs.push(performance.now() - begun);
          if (!ok || replyBytes < minReplyBytes) failures++;
          next();
        },
      });
    };
    for (let caller = 0; caller < callers; caller++) next();
  });
}

export function summary(latenciesMs: number[], failures: number, tookMs: number): LoadResult {
  const sorted = Float64Array.from(latenciesMs).sort();
  return {
    perSecond: (sorted.length / tookMs) * 1000,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    replies: sorted.length,
    failures,
  };
}

const TRACE_HEADERS = 1000;

/** A header for each of a thousand calls; those that are recorded lie evenly among them. */
function traceHeaders(recordedShare: number): Header[][] {
  return Array.from({ length: TRACE_HEADERS }, (_, i) => {
    const isRecorded = Math.floor((i + 1) * recordedShare) > Math.floor(i * recordedShare);
    const traceId = (i + 1).toString(16).padStart(32, "a");
    return [["traceparent", `00-${traceId}-${"b".repeat(16)}-0${isRecorded ? 1 : 0}`]];
  });
}
