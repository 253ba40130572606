import { ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import { afterAll, expect, test } from "vitest";
import { recordSpans } from "#kit/telemetry/testing/recorded.ts";
import { tracer } from "#kit/telemetry/tracer.ts";
import { withTripTraced } from "./trip-traced.ts";

const recorded = recordSpans(1);
afterAll(() => recorded.stop());

const TRIPS = 2_000;

/** How many calls of each trip are recorded, of three. */
function callsRecorded(rate: number): number[] {
  return Array.from({ length: TRIPS }, (_, trip) => {
    recorded.forget();
    for (let call = 0; call < 3; call++) {
      withTripTraced(`trip-${trip}`, rate, () =>
        tracer.startSpan("call", { kind: SpanKind.CLIENT }).end(),
      );
    }
    return recorded.spans().length;
  });
}

test("all calls of a trip are recorded or none, for the given share of the trips", () => {
  const calls = callsRecorded(0.1);
  expect(new Set(calls)).toEqual(new Set([0, 3]));
  const share = calls.filter((count) => count === 3).length / TRIPS;
  expect(share).toBeGreaterThan(0.07);
  expect(share).toBeLessThan(0.13);
  expect(new Set(callsRecorded(0))).toEqual(new Set([0]));
  expect(new Set(callsRecorded(1))).toEqual(new Set([3]));
});

test("outside of it the process's own rate decides", () => {
  recorded.forget();
  tracer.startSpan("call", {}, ROOT_CONTEXT).end();
  expect(recorded.spans()).toHaveLength(1);
});
