import { afterAll, beforeAll, expect, test } from "vitest";
import {
  BackendServiceDefinition,
  RequestTripRequest,
} from "#gen/tripmesh/backend/v1/backend_service.ts";
import {
  DurationServiceDefinition,
  PredictRequest,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import {
  type Prediction,
  PredictionBatch,
  PredictionRole,
} from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { type Rollout, RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { streams } from "#kit/events/subjects.ts";
import { createClient } from "#kit/rpc/client.ts";
import { readMeshFile } from "../../cli/up/mesh-file.ts";
import { flow } from "../../cli/up/testing/flow.ts";
import { readEventTime } from "../../services/rollout/event-time.ts";
import { startMesh, type TestMesh, tempDataDir, trips } from "../harness/mesh.ts";
import { readStream } from "../harness/read-stream.ts";
import {
  by,
  isAborted,
  isPromoted,
  msToTraffic,
  type Releases,
  releasesOf,
} from "../harness/releases.ts";
import { until } from "../harness/until.ts";

const { dir, remove } = await tempDataDir();
let mesh: TestMesh;
let releases: Releases;

beforeAll(start);
afterAll(async () => {
  await stop();
  await remove();
});

async function start(): Promise<void> {
  mesh = await startMesh(
    dir,
    "--trips",
    trips,
    "--speed",
    "4000",
    "--keep-warm",
    "1s",
    "--consumers",
    "2",
  );
  releases = await releasesOf(mesh);
}

async function stop() {
  await releases?.close();
  return mesh?.stop();
}

/** What a release of a short replay can satisfy: an hour of the day, some hundred trips, a wide margin. */
const short = `
requirements: { margin: 0.5, minTripsToPass: 100, minHoursOfDay: 1, plannedTrips: 300, maturity: 90m }
`;
const goodPlan = `strategy: blue-green\nstages: [{ weight: 100%, bake: 10m, deadline: 1h }]${short}`;
/** On synthetic trips v2 is no better than v1, and is rightly not promoted. */
const onRecords = test.skipIf(trips === "demo");
/** Nothing passes it before the test is over. */
const endless = "requirements: { minTripsToPass: 100000 }\n";

const readPredictions = async (service: string): Promise<Prediction[]> =>
  (
    await readStream(
      releases.events,
      streams.predictions,
      `predictions.${service}.>`,
      (m) => PredictionBatch.decode(m.data).predictions,
    )
  ).flat();

/** Requests for trips since a rollout began, each with the estimate that its rider was shown. */
async function shownSince({ createTime }: Rollout) {
  const since = createTime?.getTime() ?? 0;
  const messages = await readStream(releases.events, streams.trips, "trips.*.requested", (m) => ({
    storedMs: m.info.timestampNanos / 1e6,
    event: TripEvent.decode(m.data),
  }));
  return messages.flatMap(({ storedMs, event }) =>
    storedMs >= since && event.body?.$case === "requested"
      ? [{ event, estimate: event.body.value.estimate }]
      : [],
  );
}

async function nothingRuns(service: string, slot: "blue" | "green"): Promise<void> {
  const traffic = await releases.traffic(service);
  expect(traffic[slot]).toMatchObject({ version: "", weight: 0, mirror: 0 });
}

test("what cannot be released is refused, and nothing has changed", async () => {
  const before = await Promise.all(["duration", "tip"].map((name) => releases.traffic(name)));
  const plan = `stages: [{ weight: 5%, deadline: 1h }]\n`;
  const refused = async (wanted: Promise<unknown>, code: string, message: RegExp) =>
    expect(wanted).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  await refused(releases.start("duration", "v99", plan), "NOT_FOUND", /v99/);
  await refused(releases.start("weather", "v1", plan), "NOT_FOUND", /no service weather/);
  await refused(
    releases.start("duration", "v1", plan),
    "FAILED_PRECONDITION",
    /v1 is live already/,
  );
  await refused(
    releases.start("duration", "v2", `${plan}requirements: { minHoursOfDay: 25 }`),
    "INVALID_ARGUMENT",
    /min_hours_of_day.*24/,
  );
  await refused(
    releases.start("duration", "v2", "stages: [{ weight: 5%, bake: 2h, deadline: 1h }]"),
    "INVALID_ARGUMENT",
    /deadline.*above bake/,
  );
  await refused(
    releases.start("duration", "v2", "strategy: shadow\nstages: [{ weight: 5%, deadline: 1h }]"),
    "INVALID_ARGUMENT",
    /stages.*no weight/,
  );
  await refused(
    releases.client.promoteRollout({ rolloutId: "none", ...by }, { timeoutMs: 5_000 }),
    "NOT_FOUND",
    /no rollout none/,
  );
  const wrong = before[0] as NonNullable<(typeof before)[0]>;
  await refused(
    releases.client.setTraffic(
      { traffic: { ...wrong, blue: { ...wrong.blue, weight: 9_000 } as never }, ...by },
      { timeoutMs: 5_000 },
    ),
    "INVALID_ARGUMENT",
    /add up to 10000, not 9000/,
  );
  expect(await Promise.all(["duration", "tip"].map((name) => releases.traffic(name)))).toEqual(
    before,
  );
  expect(await releases.log()).toEqual([]);
});

test("a broken version is rolled back by itself, while another service is released", async () => {
  const bad = await releases.start(
    "duration",
    "v4-zones",
    `stages: [{ weight: 30%, deadline: 1h }, { weight: 100%, deadline: 1h }]${short}`,
  );
  await expect(releases.start("duration", "v2", "strategy: canary")).rejects.toMatchObject({
    code: "FAILED_PRECONDITION",
    message: expect.stringContaining(bad.rolloutId),
  });
  const tip = await releases.start("tip", "v2", `strategy: shadow\n${endless}`);
  await releases.until("it has failed", bad.rolloutId, isAborted);
  const ended = await releases.ended(bad.rolloutId);
  expect(ended.decisions.at(-1)).toMatchObject({ who: "judge", what: "abort" });
  const log = await releases.log(bad.rolloutId);
  const ms = msToTraffic(log, "abort");
  const shown = (await shownSince(bad)).filter(({ estimate }) => estimate?.version === "v4-zones");
  const riders = new Set(shown.map(({ event }) => event.riderId)).size;
  console.log(
    `${ended.decisions.at(-1)?.why}\nverdict to weight 0: ${ms} ms; ${riders} riders were shown it`,
  );
  expect(ms).toBeLessThan(1_000);
  expect(riders).toBeGreaterThan(0);
  await nothingRuns("duration", "green");
  await releases.until("tips are copied", tip.rolloutId, ({ currentStage }) => currentStage === 1);
  await until("the candidate has answered", async () =>
    (await readPredictions("tip")).some(({ version }) => version === "v2"),
  );
  const tips = await readPredictions("tip");
  expect(
    tips.filter(({ version, role }) => version === "v2" && role === PredictionRole.LIVE),
  ).toEqual([]);
  await releases.client.abortRollout({ rolloutId: tip.rolloutId, ...by }, { timeoutMs: 5_000 });
  await releases.ended(tip.rolloutId);
  await nothingRuns("tip", "green");
});

test("a shadow reaches no rider", async () => {
  const shadow = await releases.start("duration", "v2", `strategy: shadow\n${endless}`);
  await until("it answers copies", async () => {
    const all = await readPredictions("duration");
    return (
      all.filter((one) => one.version === "v2" && one.role === PredictionRole.SHADOW).length > 50
    );
  });
  const seen = new Set<number>();
  const watched = releases.client.watchRollout(
    { rolloutId: shadow.rolloutId, everyLook: true },
    { timeoutMs: 60_000 },
  );
  for await (const { rollout } of watched) {
    const pairs = rollout?.gates.find(({ gate }) => gate === "realised error")?.numbers["n"];
    if (pairs !== undefined && rollout?.lookTime && rollout.forecast) seen.add(pairs);
    if (seen.size > 4) break;
  }
  await releases.client.abortRollout({ rolloutId: shadow.rolloutId, ...by }, { timeoutMs: 5_000 });
  await releases.ended(shadow.rolloutId);
  // The numbers that were shown are not in the log, which is kept for a year.
  const logged = (await releases.log(shadow.rolloutId)).filter(
    ({ body }) => body?.$case === "look",
  );
  expect(logged.length).toBeLessThan(seen.size);
  const shown = await shownSince(shadow);
  expect(shown.length).toBeGreaterThan(50);
  expect(new Set(shown.map(({ estimate }) => estimate?.version))).toEqual(new Set(["v1"]));
  const live = (await readPredictions("duration")).filter(
    ({ role }) => role === PredictionRole.LIVE,
  );
  expect(live.filter(({ version }) => version === "v2")).toEqual([]);
});

test("blue/green has everybody at once, and an abort has everybody back at once", async () => {
  const rollout = await releases.start("duration", "v2", `strategy: blue-green\n${endless}`);
  await until("all are answered by the candidate", async () => (await quote("anybody")) === "v2");
  const { rollout: aborted } = await releases.client.abortRollout(
    { rolloutId: rollout.rolloutId, ...by },
    { timeoutMs: 5_000 },
  );
  expect(aborted?.state).toBe(RolloutState.ABORTED);
  await until("all are back", async () => (await quote("anybody")) === "v1", 2_000);
  await releases.ended(rollout.rolloutId);
  const pushes = (await releases.log(rollout.rolloutId)).flatMap(({ body }) =>
    body?.$case === "push" ? [body.value.traffic?.green?.weight] : [],
  );
  expect(pushes).toEqual([10_000, 0, 0]); // the last takes the version out of the slot
});

test("an abort does not wait for a deployment", async () => {
  const rollout = await releases.start("duration", "v2", `strategy: blue-green\n${endless}`);
  const { rollout: aborted } = await releases.client.abortRollout(
    { rolloutId: rollout.rolloutId, ...by },
    { timeoutMs: 5_000 },
  );
  expect(aborted?.state).toBe(RolloutState.ABORTED);
  const ended = await releases.ended(rollout.rolloutId);
  expect(ended.decisions.map(({ what }) => what)).toEqual(["start", "abort"]);
  await nothingRuns("duration", "green");
});

test("what is set by hand in Envoy holds a release, and is no more than a reason to wait", async () => {
  const rollout = await releases.start("duration", "v2", `strategy: canary\n${endless}`);
  await releases.until(
    "it is in its first stage",
    rollout.rolloutId,
    (one) => one.currentStage > 0,
  );
  const modify = (value: string) =>
    fetch(`http://${mesh.admin}/runtime_modify?traffic.duration.duration-green=${value}`, {
      method: "POST",
    });
  await modify("0");
  const held = await releases.until(
    "it is held",
    rollout.rolloutId,
    ({ state }) => state === RolloutState.HELD,
  );
  expect(held.decisions.at(-1)?.why).toMatch(/traffic\.duration\.duration-green is set by hand/);
  await modify("");
  await releases.client.abortRollout({ rolloutId: rollout.rolloutId, ...by }, { timeoutMs: 5_000 });
  await releases.ended(rollout.rolloutId);
});

test("an A/B by segment is for riders of the segment alone", async () => {
  const rollout = await releases.start("duration", "v2", `strategy: ab\n${endless}`, {
    bySegment: true,
  });
  await until("the segment has the candidate", async () => (await quote("s", "b")) === "v2");
  const riders = Array.from({ length: 20 }, (_, i) => `segment-${i}`);
  const inside = await Promise.all(riders.map((rider) => quote(rider, "b")));
  const others = await Promise.all(riders.flatMap((rider) => [quote(rider), quote(rider, "a")]));
  expect(new Set(others)).toEqual(new Set(["v1"]));
  expect(new Set(inside)).toEqual(new Set(["v2"]));
  await releases.client.abortRollout({ rolloutId: rollout.rolloutId, ...by }, { timeoutMs: 5_000 });
  await releases.ended(rollout.rolloutId);
});

test("an A/B by segment of a consumer shares its events like requests: one live answer, by the rider's segment", async () => {
  const rollout = await releases.start("tip", "v2", `strategy: ab\n${endless}`, {
    bySegment: true,
  });
  await releases.until("it is shared", rollout.rolloutId, ({ currentStage }) => currentStage === 1);
  const segments = ["b", "a", ""];
  const trips = await Promise.all(
    segments.map((segment) => requestTrip(`tip-${segment}`, segment)),
  );
  const answers = (role: PredictionRole) => async () => {
    const all = (await readPredictions("tip")).filter((one) => one.role === role);
    const versions = trips.map((trip) =>
      all.filter(({ tripId }) => tripId === trip).map(({ version }) => version),
    );
    return versions.every(({ length }) => length > 0) ? versions : undefined;
  };
  expect(await until("all are answered", answers(PredictionRole.LIVE))).toEqual([
    ["v2"],
    ["v1"],
    ["v1"],
  ]);
  expect(await until("all are answered twice", answers(PredictionRole.SHADOW))).toEqual([
    ["v1"],
    ["v2"],
    ["v2"],
  ]);
  await releases.client.abortRollout({ rolloutId: rollout.rolloutId, ...by }, { timeoutMs: 5_000 });
  await releases.ended(rollout.rolloutId);
});

onRecords(
  "a good version is promoted by itself and is live after a restart, from the first request",
  async () => {
    const good = await releases.start("duration", "v2", goodPlan);
    await releases.until("it is promoted", good.rolloutId, isPromoted);
    const ended = await releases.ended(good.rolloutId);
    expect(ended.decisions.map(({ what, who }) => `${what} ${who}`)).toEqual([
      "start test",
      "advance judge",
      "promote judge",
    ]);
    await nothingRuns("duration", "blue");
    const open = await releases.start("tip", "v2", `strategy: canary\n${endless}`);
    await releases.until(
      "it is in its first stage",
      open.rolloutId,
      (one) => one.currentStage === 1,
    );
    const tips = await releases.traffic("tip");
    expect(await stop()).toMatchObject({ code: 0, left: [] });
    await start();
    expect(await quote("after")).toBe("v2");
    expect((await releases.traffic("duration")).green).toMatchObject({
      version: "v2",
      weight: 10_000,
    });
    expect(await releases.rollout(good.rolloutId)).toEqual(ended);
    // And the one that was in the middle of a stage is there still.
    const since = Date.now();
    await until("its candidate answers again", async () =>
      (await readPredictions("tip")).some(
        ({ version, servedAt }) => version === "v2" && (servedAt?.getTime() ?? 0) > since,
      ),
    );
    expect(await releases.traffic("tip")).toEqual(tips);
    expect((await releases.rollout(open.rolloutId)).decisions.map(({ what }) => what)).toEqual([
      "start",
      "advance",
    ]);
    await releases.client.abortRollout({ rolloutId: open.rolloutId, ...by }, { timeoutMs: 5_000 });
    await releases.ended(open.rolloutId);
  },
);

test("processes are replaced one by one without a failed request", async () => {
  const duration = createClient(DurationServiceDefinition, mesh.mesh);
  const request = PredictRequest.fromPartial({
    features: { pickupZone: 74, dropoffZone: 236, pickupLocalSeconds: 1_612_166_400n },
  });
  const headers = { "x-envoy-upstream-rq-timeout-ms": "5000" };
  const load = flow(
    async () => (await duration.predict(request, { timeoutMs: 10_000, headers })).version,
    100,
  );
  const rolling = "strategy: rolling\nstages: [{ bake: 1s, deadline: 1h }]\n";
  const live = await quote("anybody");
  const [one, two] = await Promise.all([
    releases.start("duration", live === "v1" ? "v2" : "v1", rolling),
    releases.start("dynamic-duration", "v2", rolling),
  ]);
  await Promise.all([releases.ended(one.rolloutId), releases.ended(two.rolloutId)]);
  const { failed, sent, answers } = await load.stop();
  duration.close();
  console.log(
    `rolling: ${sent} requests, ${failed.length} failed, answered by ${JSON.stringify(answers)}`,
  );
  expect(failed).toEqual([]);
  expect(Object.keys(answers).toSorted()).toEqual(["v1", "v2"]);
  expect((await releases.traffic("dynamic-duration")).blue).toMatchObject({
    version: "v2",
    weight: 10_000,
  });
  expect(await quote("anybody")).not.toBe(live);
});

onRecords(
  "kills of the release service, the candidate, Envoy and NATS in a stage change nothing",
  async () => {
    const rollout = await releases.start(
      "cost",
      "v2",
      `stages: [{ weight: 50%, bake: 60m, deadline: 2h }, { weight: 100%, bake: 10m, deadline: 1h }]${short}`,
    );
    await releases.until(
      "it is in its first stage",
      rollout.rolloutId,
      (one) => one.currentStage > 0,
    );
    for (const name of ["rollout", "cost-green", "envoy", "nats", "rollout"]) {
      const pid = await until(`${name} runs`, () => readMeshFile(dir)?.pids[name]);
      process.kill(pid, "SIGKILL");
      await until(`${name} runs again`, () => {
        const now = readMeshFile(dir)?.pids[name];
        return now !== undefined && now !== pid;
      });
    }
    await releases.until("it is promoted", rollout.rolloutId, isPromoted, 90_000);
    const ended = await releases.ended(rollout.rolloutId);
    expect(ended.decisions.map(({ what, stage }) => `${what} ${stage}`)).toEqual([
      "start 0",
      "advance 1",
      "advance 2",
      "promote 2",
    ]);
    expect(await releases.traffic("cost")).toMatchObject({
      blue: { version: "", weight: 0 },
      green: { version: "v2", weight: 10_000 },
    });
  },
);

/** A trip of a rider, as late as the replay is; gives back its id. */
async function requestTrip(riderId: string, segment: string): Promise<string> {
  const backend = createClient(BackendServiceDefinition, mesh.edge);
  try {
    const request = RequestTripRequest.fromPartial({
      requestId: `${riderId}-request`,
      ride: { pickupZone: 74, dropoffZone: 236 },
      eventTime: await readEventTime(releases.events),
    });
    const headers = { "x-rider-id": riderId, ...(segment && { "x-segment": segment }) };
    const { trip } = await backend.requestTrip(request, { timeoutMs: 5_000, headers });
    return trip?.tripId ?? "";
  } finally {
    backend.close();
  }
}

/** The version that answers a rider's quote. */
async function quote(riderId: string, segment = ""): Promise<string | undefined> {
  const backend = createClient(BackendServiceDefinition, mesh.edge);
  try {
    const ride = { pickupZone: 74, dropoffZone: 236, pickupTime: undefined };
    const headers = { "x-rider-id": riderId, ...(segment && { "x-segment": segment }) };
    const request = { ride: { ...ride, passengerCount: undefined, tripDistanceMiles: undefined } };
    return (await backend.quote(request, { timeoutMs: 5000, headers })).estimate?.version;
  } finally {
    backend.close();
  }
}
