// The command on a real nats-server, on streams that are made up: all four services, one rollout that has ended.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Prediction, PredictionBatch, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import { Rollout, RolloutState, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Events } from "#kit/events/connect.ts";
import { predictionSubject, releaseSubject, tripSubject } from "#kit/events/subjects.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";
import { type ModelService, modelServices } from "#kit/traffic/traffic.ts";
import { defaultRequirements } from "../../../services/rollout/presets.ts";
import { startNats, type TestNats } from "../../../test/harness/nats.ts";
import { root, runMesh } from "../../testing/run-mesh.ts";

const START_MS = Date.UTC(2021, 1, 1, 12);
const MINUTE_MS = 60_000;
/** What every ride took, in minutes, and cost and brought as a tip, in dollars. */
const TRUTH = 20;
const roles = {
  live: PredictionRole.LIVE,
  shadow: PredictionRole.SHADOW,
  hindsight: PredictionRole.HINDSIGHT,
};
const digests = { base: "b".repeat(64), candidate: "c".repeat(64) };
/** A trip id that would be markup on a page. */
const ODD_ID = "<i>7";

let nats: TestNats;
let events: Events;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-report-"));
  nats = await startNats();
  events = await nats.connect();
  for (const service of modelServices) await startRollout(service);
  for (let i = 0; i < 40; i++) await ride(i === 7 ? ODD_ID : `t${i}`, START_MS + i * MINUTE_MS, i);
  await events.js.publish("trips.broken.requested", new Uint8Array([255, 255]));
  await decide("cost", RolloutState.ABORTED);
  // After its end: the same two versions, as if they were tried again.
  for (let i = 0; i < 5; i++) await ride(`later-${i}`, START_MS + 120 * MINUTE_MS, 1);
});
afterAll(async () => {
  await nats?.stop();
  await rm(dir, { recursive: true, force: true });
});

const report = (service: ModelService, ...args: string[]) =>
  runMesh(dir, "rollout", "report", `${service}-v2`, "--nats", nats.url, ...args);

async function append(service: ModelService, body: ReleaseEntry["body"]): Promise<void> {
  const rolloutId = `${service}-v2`;
  const entry = ReleaseEntry.encode({ rolloutId, time: new Date(), body });
  await events.js.publish(releaseSubject(rolloutId), entry.finish());
}

function startRollout(service: ModelService): Promise<void> {
  const value = Rollout.fromPartial({
    rolloutId: `${service}-v2`,
    service,
    candidateVersion: "v2",
    candidateSlot: "green",
    candidateDigest: digests.candidate,
    liveVersion: "v1",
    liveDigest: digests.base,
    strategy: Strategy.SHADOW,
    state: RolloutState.RUNNING,
    requirements: defaultRequirements(service),
    startEventTime: new Date(START_MS),
  });
  return append(service, { $case: "started", value });
}

function decide(service: ModelService, state: RolloutState): Promise<void> {
  const value = { who: "judge", what: "abort", why: "", evidence: [], stage: 1, state };
  return append(service, { $case: "decision", value: { ...value, time: new Date() } });
}

/** v1 is wrong by 2 each time; v2 by 1, on odd rides by 5. */
async function ride(tripId: string, atMs: number, i: number): Promise<void> {
  const candidate = TRUTH + (i % 2 === 0 ? 1 : 5);
  await publishEvent(tripId, atMs, { $case: "requested", value: requestOf(TRUTH + 2) });
  for (const service of modelServices) {
    // Riders saw duration's live answer in the request; the other version was asked in hindsight.
    if (service !== "duration") await publishAnswer(service, tripId, { arm: "base", value: 22 });
    await publishAnswer(service, tripId, { arm: "candidate", value: candidate });
  }
  await publishEvent(tripId, atMs + TRUTH * MINUTE_MS, { $case: "completed", value: endOf() });
}

function requestOf(minutes: number) {
  const [duration, lower, upper] = [minutes, minutes - 3, minutes + 3].map(fromMinutes);
  const price = fromUsd(TRUTH + 2);
  const shown = { version: "v1", slot: "blue", digest: digests.base, degraded: false };
  return { estimate: { duration, lower, upper, price, ...shown }, featureHash: Buffer.of(1) };
}

function endOf() {
  const money = fromUsd(TRUTH);
  const truth = { actualDuration: fromMinutes(TRUTH), cost: money, tip: money, distanceMiles: 2.5 };
  return { truth, estimate: undefined, lastDurationSeq: 1, lastPriceSeq: 1 };
}

async function publishEvent(
  tripId: string,
  atMs: number,
  body: NonNullable<TripEvent["body"]>,
): Promise<void> {
  const event = TripEvent.fromPartial({
    tripId,
    riderId: "r",
    occurredAt: new Date(atMs),
    features: { pickupZone: 74, dropoffZone: 42, pickupLocalSeconds: 7n * 3600n },
    body,
  });
  await events.js.publish(tripSubject("t", body.$case), TripEvent.encode(event).finish());
}

async function publishAnswer(
  service: ModelService,
  tripId: string,
  { arm, value }: { arm: "base" | "candidate"; value: number },
): Promise<void> {
  const other = service === "duration" ? "hindsight" : "shadow";
  const role = arm === "base" ? "live" : other;
  const prediction = Prediction.fromPartial({
    tripId,
    service,
    eventSeq: 1,
    digest: digests[arm],
    slot: arm === "base" ? "blue" : "green",
    role: roles[role],
    value,
    lower: value - 3,
    upper: value + 3,
    intervalScale: 1,
    priceUsd: value,
    occurredAt: new Date(START_MS + MINUTE_MS),
  });
  const batch = PredictionBatch.encode({ predictions: [prediction] }).finish();
  await events.js.publish(predictionSubject(service, role, "t"), batch);
}

test.each(modelServices)("compares the versions of %s", async (service) => {
  const { code, out } = await report(service, "--json");
  expect(code).toBe(0);
  const rides = service === "cost" ? 40 : 45;
  const json = JSON.parse(out.join("\n"));
  expect(json.better).toMatchObject({ rides, better: 20, equal: 0, worse: rides - 20 });
  expect(json.read.unreadable).toBe(1);
  expect(json.versions.base).toMatchObject({ meanError: 2, bias: 2, coverage: 1, width: 6 });
  expect(json.versions.candidate.coverage).toBe(20 / rides);
  expect(json.slices.by["pickup zone"]).toMatchObject([{ name: "74", rides }]);
  expect(json.served).toEqual({ candidate: 0, base: rides, unknown: 0 });
  expect(json.worst).toHaveLength(10);
  expect(json.worst[0]).toMatchObject({ harm: 3, truth: { value: 20 } });
});

test("leaves out what was requested after the end of the rollout", async () => {
  const { out } = await report("cost", "--out", "pairs.csv");
  const [header, ...lines] = (await readFile(join(dir, "pairs.csv"), "utf8")).trim().split("\n");
  expect(header).toMatch(/^trip_id,requested_at,event_seq,.*,difference$/);
  expect(lines).toHaveLength(40);
  expect(lines[0]).toBe(
    "t0,2021-02-01T12:00:00.000Z,1,74,42,7,2.5,live,20,22,19,25,21,18,24,,,,2,1,-1",
  );
  expect(lines[7]?.startsWith(`"${ODD_ID}",`)).toBe(true);
  expect(out.join("\n")).toContain("cost: v2 against v1, 40 finished rides");
  expect(out.join("\n")).toContain("better than v1 on 50.0 % of the rides");
  expect(await readdir(dir)).toEqual(["pairs.csv"]); // and no `.part`
});

test("writes a page that needs nothing from elsewhere and shows text as text", async () => {
  await report("tip", "--out", "report.html");
  const page = await readFile(join(dir, "report.html"), "utf8");
  expect(page).toContain("74 East Harlem North");
  expect(page).toContain("&lt;i&gt;7");
  expect(page).not.toContain(ODD_ID);
  expect(page).not.toMatch(/<script|<link|<img|src=|https?:/);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("refuses what it cannot do, in a sentence", async () => {
  const unknown = await runMesh(root, "rollout", "report", "no-such", "--nats", nats.url);
  expect(unknown.err.join("\n")).toContain("There is no rollout no-such");
  const ending = await report("tip", "--out", "report.pdf");
  expect(ending.code).toBe(2);
  expect(ending.err.join("\n")).toContain("must end in .html, .csv or .json");
});
