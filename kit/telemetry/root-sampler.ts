import type { Context } from "@opentelemetry/api";
import { type Sampler, SamplingDecision, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";
import { decisionIn } from "./trace-decision.ts";

/** Decides about traces that begin here: as `decided` says, else by the trace's id. */
export function createRootSampler(rate: number): Sampler {
  const byRate = new TraceIdRatioBasedSampler(rate);
  return {
    shouldSample(parent: Context, traceId: string) {
      const record = decisionIn(parent);
      if (record === undefined) return byRate.shouldSample(parent, traceId);
      return {
        decision: record ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
      };
    },
    toString: () => `as decided, else ${rate}`,
  };
}
