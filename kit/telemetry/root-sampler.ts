import { type Context, createContextKey } from "@opentelemetry/api";
import { type Sampler, SamplingDecision, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";

const DECIDED = createContextKey("tripmesh trace decision");

/** A context in which the decision about traces that begin there is already taken. */
export function decided(parent: Context, record: boolean): Context {
  return parent.setValue(DECIDED, record);
}

/** Decides about traces that begin here: as `decided` says, else by the trace's id. */
export function createRootSampler(rate: number): Sampler {
  const byRate = new TraceIdRatioBasedSampler(rate);
  return {
    shouldSample(parent: Context, traceId: string) {
      const record = parent.getValue(DECIDED);
      if (record === undefined) return byRate.shouldSample(parent, traceId);
      return {
        decision: record ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
      };
    },
    toString: () => `as decided, else ${rate}`,
  };
}
