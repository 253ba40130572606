import { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import type { LoadResult } from "./closed-loop.ts";
import type { Generator } from "./generator.ts";
import { cpuTime } from "./proc.ts";
import type { Service } from "./services.ts";

/** Digest and feature hash alone are 96 bytes. */
const MIN_REPLY_BYTES = 100;

export interface Sample extends LoadResult {
  /** Processor time of the server for one call, µs: the figure that other work on the machine moves least. */
  readonly cpuUs: number;
  /** The main thread's part of it, µs: one over this is the most that it could answer. */
  readonly mainUs: number;
  /** The generator's for the same call, µs: below the server's, or the generator is what was measured. */
  readonly generatorUs: number;
}

/** Calls Predict from 64 callers for one window; `recordedShare` as in `ClosedLoop`. */
export async function predictWindow(
  generator: Generator,
  service: Service,
  bodies: readonly Buffer[],
  windowMs: number,
  recordedShare?: number,
): Promise<Sample> {
  const before = cpuTime(service.pid);
  const generatorBefore = cpuTime(generator.pid);
  const result = await generator.closed({
    address: service.address,
    path: `/${DurationServiceDefinition.fullName}/${DurationServiceDefinition.methods.predict.name}`,
    bodies,
    headers: [],
    recordedShare,
    callers: 64,
    windowMs,
    minReplyBytes: MIN_REPLY_BYTES,
  });
  const after = cpuTime(service.pid);
  const generatorAfter = cpuTime(generator.pid);
  const perReplyUs = (ms: number) => (ms * 1000) / result.replies;
  return {
    ...result,
    cpuUs: perReplyUs(after.allThreadsMs - before.allThreadsMs),
    mainUs: perReplyUs(after.mainThreadMs - before.mainThreadMs),
    generatorUs: perReplyUs(generatorAfter.allThreadsMs - generatorBefore.allThreadsMs),
  };
}
