import pino from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import type { Events } from "#kit/events/connect.ts";
import { openTrafficBucket, type TrafficBucket } from "#kit/traffic/bucket.ts";
import { firstTraffic, modelServices } from "#kit/traffic/traffic.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { openReleaseLog, type ReleaseLog } from "./release-log.ts";
import { rolloutOf } from "./testing/rollouts.ts";
import { BY_HAND, openTrafficControl, type TrafficControl } from "./traffic-control.ts";

let nats: TestNats;
let events: Events;
let bucket: TrafficBucket;
let releases: ReleaseLog;
let control: TrafficControl;
/** As Envoy was told, the newest last. */
let pushed: (readonly Traffic[])[];
let count = 0;

beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect("rollout");
  bucket = await openTrafficBucket(events);
  for (const service of modelServices) await bucket.put(firstTraffic(service));
});
afterAll(() => nats.stop());

beforeEach(async () => {
  control?.close();
  for (const service of modelServices) {
    const now = await bucket.get(service);
    await bucket.put({ ...firstTraffic(service), revision: now?.revision ?? 0n });
  }
  pushed = [];
  releases = await openReleaseLog(events);
  control = await open();
});

const open = (of: TrafficBucket = bucket) =>
  openTrafficControl({
    bucket: of,
    releases,
    push: {
      async push(all) {
        pushed.push(structuredClone(all));
        return { acknowledgedBy: ["envoy"], laggards: [] };
      },
    },
    log: pino({ level: "silent" }),
  });

async function rollout(change = {}) {
  const one = rolloutOf({ rolloutId: `duration-v2-${count++}`, currentStage: 1, ...change });
  await releases.append(one.rolloutId, { $case: "started", value: one });
  return one;
}
const stored = async () => (await bucket.get("duration")) as Traffic;
const inEnvoy = () => pushed.at(-1)?.find(({ service }) => service === "duration");

test("bucket, Envoy and log get what a rollout wants, once", async () => {
  const one = await rollout();
  await control.apply(one);
  expect(await stored()).toMatchObject({ blue: { weight: 9_500 }, green: { weight: 500 } });
  expect(inEnvoy()).toEqual(await stored());
  expect(releases.traffics(one.rolloutId)).toEqual([await stored()]);
  const { length } = pushed;
  await control.apply(one);
  expect(pushed.length).toBe(length);
  expect(releases.traffics(one.rolloutId).length).toBe(1);
});

test("what somebody else writes is seen, handed to Envoy, and made right again", async () => {
  const one = await rollout();
  await control.apply(one);
  const now = await stored();
  const foreign = { blue: { ...now.blue, weight: 0 }, green: { ...now.green, weight: 10_000 } };
  const { revision } = await bucket.put({ ...now, ...foreign } as Traffic);
  await until("it was noticed", () => control.of("duration").revision === revision);
  await until("Envoy was told", () => inEnvoy()?.revision === revision);
  await control.apply({ ...one, state: RolloutState.ABORTED });
  expect(await stored()).toMatchObject({ blue: { weight: 10_000 }, green: { weight: 0 } });
  expect(inEnvoy()).toEqual(await stored());
});

test("a promoted rollout does not take back what a person is setting at that moment", async () => {
  const one = await rollout({ state: RolloutState.PROMOTED, currentStage: 3 });
  await control.apply(one);
  const answered = Promise.withResolvers<void>();
  let isAsked = false;
  control.close();
  control = await openTrafficControl({
    bucket,
    releases,
    push: {
      async push() {
        if (isAsked) await answered.promise; // Envoy takes its time
        return { acknowledgedBy: ["envoy"], laggards: [] };
      },
    },
    log: pino({ level: "silent" }),
  });
  const now = await stored();
  const back = { blue: { ...now.blue, weight: 10_000 }, green: { ...now.green, weight: 0 } };
  isAsked = true;
  const set = control.set({ ...now, ...back } as Traffic, "ann", "back to the old one");
  await until("it is stored", async () => (await stored()).revision > now.revision);
  const applied = control.apply(one);
  answered.resolve();
  await Promise.all([set, applied]);
  expect(await stored()).toMatchObject({ blue: { weight: 10_000 }, green: { weight: 0 } });
});

test("a change by hand is in the log before it is done, and stands when a process was killed in between", async () => {
  const one = await rollout({ state: RolloutState.PROMOTED, currentStage: 3 });
  await control.apply(one);
  control.close();
  const dead = new Error("killed");
  let isKilled = false;
  const push = async () => {
    if (isKilled) throw dead;
    return { acknowledgedBy: ["envoy"], laggards: [] };
  };
  const log = pino({ level: "silent" });
  control = await openTrafficControl({ bucket, releases, push: { push }, log });
  const now = await stored();
  const back = { blue: { ...now.blue, weight: 10_000 }, green: { ...now.green, weight: 0 } };
  isKilled = true;
  await expect(control.set({ ...now, ...back } as Traffic, "ann", "back")).rejects.toBe(dead);
  expect(releases.shifts().at(-1)).toMatchObject({ ...back, revision: now.revision });
  control.close();
  isKilled = false;
  control = await openTrafficControl({ bucket, releases, push: { push }, log });
  await control.apply(one);
  expect(await stored()).toMatchObject({ blue: { weight: 10_000 }, green: { weight: 0 } });
});

test("a change by hand from an old revision is refused and leaves no trace", async () => {
  const now = await stored();
  const before = releases.shifts().length;
  const late = { ...now, revision: now.revision - 1n };
  await expect(control.set(late, "ann", "late")).rejects.toMatchObject({ code: "ABORTED" });
  expect(releases.shifts().length).toBe(before);
  expect(await stored()).toEqual(now);
});

test("somebody who is faster is no reason to fail: it is tried on what is there", async () => {
  const one = await rollout();
  let isFirst = true;
  control.close();
  control = await open({
    ...bucket,
    watch: async () => ({ stop: () => undefined }), // the news is late
    async put(traffic) {
      if (isFirst) {
        isFirst = false;
        const now = await stored();
        await bucket.put({ ...now, blue: { ...now.blue, intervalScale: 1.5 } } as Traffic);
      }
      return bucket.put(traffic);
    },
  });
  await control.apply(one);
  expect(await stored()).toMatchObject({
    blue: { weight: 9_500, intervalScale: 1.5 },
    green: { weight: 500 },
  });
  expect(inEnvoy()).toEqual(await stored());
});

test("a write that was stored although nobody could say so reaches Envoy and the log", async () => {
  const one = await rollout();
  control.close();
  control = await open({
    ...bucket,
    watch: async () => ({ stop: () => undefined }),
    async put(traffic) {
      await bucket.put(traffic);
      throw new Error("timeout");
    },
  });
  await expect(control.apply(one)).rejects.toThrow("timeout");
  await control.apply(one); // the next turn
  expect(inEnvoy()).toEqual(await stored());
  expect(releases.traffics(one.rolloutId)).toEqual([await stored()]);
});

test("killed between bucket and log: the log hears of it after the restart", async () => {
  const one = await rollout();
  const now = await stored();
  await bucket.put({
    ...now,
    salt: one.salt,
    blue: { ...now.blue, weight: 9_500 },
    green: { ...now.green, version: "v2", weight: 500 },
  } as Traffic);
  control.close();
  control = await open();
  expect(releases.traffics(one.rolloutId)).toEqual([]);
  await control.apply(one);
  expect(releases.traffics(one.rolloutId)).toEqual([await stored()]);
});

test("a person's change needs the revision it was made from, and is in a log of its own", async () => {
  const now = control.of("tip");
  const wanted = { ...now, blue: { ...now.blue, intervalScale: 2 } } as Traffic;
  const old = { ...wanted, revision: now.revision - 1n };
  await expect(control.set(old, "me", "why not")).rejects.toMatchObject({ code: "ABORTED" });
  const { traffic: after, ...acknowledgement } = await control.set(wanted, "me", "why not");
  expect(acknowledgement).toEqual({ acknowledgedBy: ["envoy"], laggards: [] });
  expect(after.revision).toBeGreaterThan(now.revision);
  expect(releases.traffics(BY_HAND).at(-1)).toEqual(after);
  await expect(
    control.set({ ...after, blue: { ...after.blue, weight: 9_000 } as never }, "me", "?"),
  ).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(control.of("tip")).toEqual(after);
});

test("who judges hears of a weight before Envoy does", async () => {
  const order: string[] = [];
  control.close();
  control = await openTrafficControl({
    bucket,
    releases,
    push: {
      async push() {
        order.push("envoy");
        return { acknowledgedBy: [], laggards: [] };
      },
    },
    log: pino({ level: "silent" }),
  });
  control.onStored(({ green }) => order.push(`stored ${green?.weight}`));
  await control.apply(await rollout());
  expect(order).toEqual(["envoy", "stored 500", "envoy"]);
});

test("a slot with traffic is not forgotten", async () => {
  const one = await rollout();
  await control.apply(one);
  await expect(control.forget(one, "green")).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
  const aborted = { ...one, state: RolloutState.ABORTED };
  await control.apply(aborted);
  await control.forget(aborted, "green");
  expect((await stored()).green).toMatchObject({ version: "", weight: 0 });
});
