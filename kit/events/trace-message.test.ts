// Messages over a real nats-server: a consumer goes on with its producer's trace.
import {
  context,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { recordSpans } from "#kit/telemetry/testing/recorded.ts";
import { currentTraceparent, readTraceparent } from "#kit/telemetry/trace-context.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import type { Events } from "./connect.ts";
import { consume } from "./consume.ts";
import { eventHeaders } from "./headers.ts";
import { provisionSlot } from "./provision.ts";
import { durableName, streams, tripSubject } from "./subjects.ts";
import { templateOf, tracePublish, tracePublishOfMany } from "./trace-message.ts";

const log = pino({ level: "silent" });
const recorded = recordSpans(0);
const tap = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
let nats: TestNats;
let events: Events;
beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
});
afterAll(async () => {
  await nats?.stop();
  await recorded.stop();
});
beforeEach(() => recorded.forget());

async function send(tripId: string, traceparent: string): Promise<void> {
  const subject = tripSubject(tripId, "requested");
  await tracePublish({ subject, id: tripId, traceparent }, async (traced) => {
    const about = { id: tripId, type: "test", source: "test", subject: tripId, time: new Date() };
    const headers = eventHeaders({ ...about, traceparent: traced });
    await events.js.publish(subject, new Uint8Array(), { headers });
  });
}

test("a consumer's span is its producer's child, and linked to it; failures are told", async () => {
  await provisionSlot(events, "tip", "green", "all");
  const seen = new Map<string, string>();
  const consumer = await consume(events, {
    stream: streams.trips,
    durable: durableName("tip", "green"),
    decode: (bytes) => bytes,
    handle: async (_, { subject }) => {
      seen.set(subject, currentTraceparent());
      if (subject.includes("failing")) throw new Error("not now");
    },
    owner: { service: "tip", slot: "green" },
    log,
  });
  for (const [trip, traceparent] of [
    ["t1", tap],
    ["failing", tap],
    ["quiet", ""],
  ] as const) {
    await send(trip, traceparent);
  }
  await until("all are handled", async () => (seen.size === 3 ? true : undefined));
  await consumer.stop();

  const of = (kind: SpanKind, trip: string) =>
    recorded
      .spans()
      .find(
        (span) =>
          span.kind === kind &&
          span.attributes["messaging.destination.name"] === tripSubject(trip, "requested"),
      );
  const producer = of(SpanKind.PRODUCER, "t1");
  const process = of(SpanKind.CONSUMER, "t1");
  expect(producer?.parentSpanContext?.spanId).toBe("2".repeat(16));
  expect(process?.parentSpanContext?.spanId).toBe(producer?.spanContext().spanId);
  expect(process?.links.map((link) => link.context.spanId)).toEqual([
    producer?.spanContext().spanId,
  ]);
  expect(process?.name).toBe("process trips.*.requested");
  expect(seen.get(tripSubject("t1", "requested"))).toContain(process?.spanContext().spanId);
  expect(of(SpanKind.CONSUMER, "failing")?.status.code).toBe(SpanStatusCode.ERROR);
  expect(of(SpanKind.CONSUMER, "quiet")).toBeUndefined();
  expect(seen.get(tripSubject("quiet", "requested"))).toBe("");
});

test("a message of many causes is a trace of its own, linked to those that are recorded", async () => {
  const other = `00-${"3".repeat(32)}-${"4".repeat(16)}-01`;
  const unrecorded = `00-${"5".repeat(32)}-${"6".repeat(16)}-00`;
  await tracePublishOfMany(
    { subject: "predictions.duration.log", id: "b1", causes: [tap, unrecorded, other] },
    async () => undefined,
  );
  await tracePublishOfMany(
    { subject: "none", id: "b2", causes: [unrecorded] },
    async () => undefined,
  );
  const span = recorded.one("publish predictions.duration.log");
  expect(span.parentSpanContext).toBeUndefined();
  expect(span.links.map((link) => link.context.traceId)).toEqual(["1".repeat(32), "3".repeat(32)]);
  expect(recorded.spans()).toHaveLength(1);
});

test("what is published without a trace begins none", async () => {
  const above = trace.setSpanContext(ROOT_CONTEXT, readTraceparent(tap) as SpanContext);
  await context.with(above, () => send("t2", currentTraceparent())); // a remote context is no span of ours
  expect(recorded.spans()).toEqual([]);
});

test.each([
  ["trips.t1.requested", "trips.*.requested"],
  ["redo.tip.blue.t1.requested", "redo.tip.blue.*.requested"],
  ["predictions.tip.live.t1", "predictions.tip.live.*"],
  ["predictions.duration.log", "predictions.duration.log"],
  ["dead.tip.blue", "dead.tip.blue"],
])("%s is one of %s", (subject, template) => {
  expect(templateOf(subject)).toBe(template);
});
