// Dead letters on a real stream: listed with their reason, sent again to the one consumer that failed, once.
import { headers } from "@nats-io/transport-node";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { type Consumer, consume } from "#kit/events/consume.ts";
import { provisionSlot } from "#kit/events/provision.ts";
import { durableName, isAnsweredBy, streams, tripSubject } from "#kit/events/subjects.ts";
import { invalidArgument } from "#kit/rpc/errors.ts";
import { recordSpans } from "#kit/telemetry/testing/recorded.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { root, runMesh } from "../testing/run-mesh.ts";

const log = pino({ level: "silent" });
const consumers: Consumer[] = [];
let nats: TestNats;
let events: Events;
/** What each consumer was given: `tip:t1`. */
let seen: string[] = [];
let isMended = false;
/** Of the one event whose request is recorded. */
const traceId = "1".repeat(32);
const recorded = recordSpans(0);

beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
  for (const service of ["tip", "cost"] as const) {
    await provisionSlot(events, service, "blue", "all");
    consumers.push(
      await consume(events, {
        stream: streams.trips,
        durable: durableName(service, "blue"),
        isOwn: (subject) => isAnsweredBy(service, "blue", subject),
        decode: (bytes) => TripEvent.decode(bytes),
        async handle({ tripId }) {
          seen.push(`${service}:${tripId}`);
          if (service === "tip" && tripId.startsWith("bad") && !isMended)
            throw invalidArgument([{ field: "features", description: "are odd" }]);
        },
        owner: { service, slot: "blue" },
        log,
      }),
    );
  }
  for (const tripId of ["bad-1", "good", "bad-2"]) {
    const event = TripEvent.fromPartial({
      eventId: `${tripId}:1`,
      tripId,
      seq: 1,
      body: { $case: "requested", value: {} },
    } as Parameters<typeof TripEvent.fromPartial>[0]);
    const hdrs = headers();
    if (tripId === "bad-2") hdrs.set("traceparent", `00-${traceId}-${"2".repeat(16)}-01`);
    const body = TripEvent.encode(event).finish();
    await events.js.publish(tripSubject(tripId, "requested"), body, { headers: hdrs });
  }
  await until("both consumers have seen all", () => seen.length === 6);
  await until("two letters are stored", async () => (await mesh("list")).out.length === 5);
});
afterAll(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  await nats?.stop();
  await recorded.stop();
});

const mesh = (...args: string[]) => runMesh(root, "dead-letters", ...args, "--nats", nats.url);

test("they are listed with their reason and counted by consumer", async () => {
  const { out } = await mesh("list");
  expect(out[0]).toMatch(/^id +given up +consumer +event +tries +state +reason/);
  expect(out[1]).toMatch(/tip-blue +trips\.bad-1\.requested +1 +waiting +.*features: are odd/);
  expect(out.at(-1)).toBe("2 dead letters: tip-blue 2");
});

test("filters choose among them", async () => {
  const ids = async (...filter: string[]) =>
    (await mesh("list", "--json", ...filter)).out.map((line) => JSON.parse(line).tripId);
  expect(await ids("--service", "cost")).toEqual([]);
  expect(await ids("--trip", "bad-2", "--slot", "blue", "--since", "1h")).toEqual(["bad-2"]);
  expect(await ids("--reason", "ODD", "--state", "waiting")).toEqual(["bad-1", "bad-2"]);
  expect(await ids("--state", "replayed")).toEqual([]);
});

test("one is shown with its event", async () => {
  const { out } = await mesh("show", "1");
  expect(out.join("\n")).toContain('"tripId": "bad-1"');
  const missing = await mesh("show", "99");
  expect([missing.code, missing.err[0]]).toEqual([
    1,
    "There is no dead letter 99: see mesh dead-letters list.",
  ]);
});

test("a dry run and a call without a choice send nothing", async () => {
  const dry = await mesh("replay", "--all", "--dry-run");
  expect(dry.out.at(-1)).toBe("2 would be sent, none was");
  expect((await mesh("replay")).code).toBe(2);
  expect((await mesh("replay", "1", "--all")).code).toBe(2);
  expect((await mesh("list", "--state", "replayed")).out).toEqual(["No dead letters."]);
});

test("a replay reaches the consumer that failed, and no other", async () => {
  seen = [];
  isMended = true;
  const { code, out } = await mesh("replay", "--all", "--service", "tip");
  expect(code).toBe(0);
  expect(out).toEqual([
    "sent 1 to redo.tip.blue.bad-1.requested",
    "sent 2 to redo.tip.blue.bad-2.requested",
    "2 sent, 0 not, 2 matched",
  ]);
  await until("tip has seen both", () => seen.length >= 2);
  expect(seen.toSorted()).toEqual(["tip:bad-1", "tip:bad-2"]);
  expect((await mesh("list")).out[1]).toContain("replayed 1×");
  expect((await mesh("replay", "--all")).out.at(-1)).toBe("0 sent, 0 not, 0 matched");
});

test("a replay goes on with the trace in which the event failed", async () => {
  const redone = await until("the replay's span has ended", () =>
    recorded.spans().find(({ name }) => name === "process redo.tip.blue.*.requested"),
  );
  const buried = recorded.one("publish dead.tip.blue");
  expect(redone.parentSpanContext?.spanId).toBe(buried.spanContext().spanId);
  const ids = new Set(recorded.spans().map((span) => span.spanContext().traceId));
  expect(ids).toEqual(new Set([traceId]));
});

test("what nobody would read is refused", async () => {
  await consumers[0]?.stop();
  await (await events.js.consumers.get(streams.trips, "tip-blue")).delete();
  const { code, out } = await mesh("replay", "1", "--state", "all");
  expect(code).toBe(1);
  expect(out[0]).toContain("nobody reads it: TRIPS has no durable tip-blue");
});
