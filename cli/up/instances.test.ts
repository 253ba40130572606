// Versions come and go while requests flow: real processes behind a real Envoy, and a real event stream.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { streams } from "#kit/events/subjects.ts";
import type { InstanceExit } from "#kit/instances/instances.ts";
import { fromMinutes } from "#kit/rpc/amounts.ts";
import { readStream } from "../../test/harness/read-stream.ts";
import { until } from "../../test/harness/until.ts";
import { takenPorts } from "./ports.ts";
import { identify } from "./process-identity.ts";
import { flow } from "./testing/flow.ts";
import {
  breakBundle,
  CONSUMERS,
  digestOf,
  type InstancesUnderTest,
  startInstances,
} from "./testing/instances-under-test.ts";

const blue = { service: "duration", slot: "blue" } as const;
const green = { service: "duration", slot: "green" } as const;
const tipGreen = { service: "tip", slot: "green" } as const;
const NOTHING = { processes: [], addresses: [], durable: false };

let mesh: InstancesUnderTest;
beforeAll(async () => {
  mesh = await startInstances();
  await mesh.instances.deploy({ ...blue, version: "v1" });
});
afterAll(() => mesh?.stop());

async function find(slot: typeof blue | typeof green | typeof tipGreen, index = 0) {
  const all = await mesh.instances.list();
  const found = all.find(
    (one) => one.service === slot.service && one.slot === slot.slot && one.index === index,
  );
  if (!found) throw new Error(`nothing in ${slot.service}-${slot.slot}`);
  return found;
}

function pidOf(name: string): number {
  const pid = mesh.parts.pids()[name];
  if (pid === undefined) throw new Error(`no process ${name}`);
  return pid;
}

describe("duration, under load", () => {
  afterEach(() => mesh.instances.retire(green));

  test("a version comes into the idle slot and goes again, and the other slot notices nothing", async () => {
    const load = flow(() => mesh.predict(), 200);
    await mesh.instances.deploy({ ...green, version: "v2" });
    expect(await mesh.predict({ "x-slot": "green" })).toBe("v2"); // at once
    await mesh.instances.deploy({ ...green, version: "v2" }); // no work
    const { name, address, ready, deaths } = await find(green);
    expect({ name, ready, deaths }).toMatchObject({ ready: true, deaths: { count: 0 } });
    const pid = pidOf(name);
    await mesh.instances.retire(green);
    const { failed, answers } = await load.stop();
    expect(failed).toEqual([]);
    expect(Object.keys(answers)).toEqual(["v1"]);
    expect(identify(pid)).toBeUndefined();
    expect(await takenPorts([Number(address.split(":")[1])])).toEqual([]);
    expect(await mesh.left("duration", "green")).toEqual(NOTHING);
    await mesh.instances.retire(green); // no work
    await expect(mesh.predict({ "x-slot": "green" })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });

  test("a process is replaced, and replaced back, without a failed request", async () => {
    const load = flow(() => mesh.predict(), 200);
    const before = await find(blue);
    await mesh.instances.replace({ ...blue, index: 0 }, "v2");
    const after = await find(blue);
    expect(after).toMatchObject({ version: "v2", name: "duration-blue-next", ready: true });
    expect(after.address).not.toBe(before.address);
    expect(await mesh.left("duration", "blue")).toMatchObject({
      processes: ["duration-blue-next"],
      addresses: [after.address.split(":")[1]],
    });
    await until("the new one answers", () => load.answers["v2"]);
    await mesh.instances.replace({ ...blue, index: 0 }, "v2"); // no work
    expect((await find(blue)).address).toBe(after.address);
    await mesh.instances.replace({ ...blue, index: 0 }, "v1");
    const { failed, sent } = await load.stop();
    expect(failed).toEqual([]);
    expect(sent).toBeGreaterThan(200);
    expect(await find(blue)).toMatchObject({ version: "v1", name: "duration-blue" });
    expect(await mesh.predict()).toBe("v1");
  });

  test("of two different versions at once the first has the slot, the other is told so", async () => {
    const [first, second] = await Promise.allSettled([
      mesh.instances.deploy({ ...green, version: "v2" }),
      mesh.instances.deploy({ ...green, version: "v3-utc" }),
    ]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({
      reason: {
        code: "FAILED_PRECONDITION",
        message: "duration-green holds v2: retire it before v3-utc is deployed",
      },
    });
    expect((await mesh.left("duration", "green")).processes).toEqual(["duration-green"]);
  });

  test("a deployment that is under way is given up when the slot is retired", async () => {
    const deploying = mesh.instances.deploy({ ...green, version: "v2" });
    deploying.catch(() => undefined); // looked at below
    await until("its process is started", () => mesh.parts.pids()["duration-green"]);
    await mesh.instances.retire(green);
    await expect(deploying).rejects.toMatchObject({
      code: "ABORTED",
      message: "duration-green was retired while it was being deployed",
    });
    expect(await mesh.left("duration", "green")).toEqual(NOTHING);
  });

  test("one that is killed is told of and started again", async () => {
    await mesh.instances.deploy({ ...green, version: "v2" });
    const told = Promise.withResolvers<InstanceExit>();
    const stopListening = mesh.instances.onExit(told.resolve);
    process.kill(pidOf("duration-green"), "SIGKILL");
    expect(await told.promise).toMatchObject({
      ...green,
      index: 0,
      version: "v2",
      signal: "SIGKILL",
      code: undefined,
    });
    stopListening();
    const { ready, deaths } = await find(green);
    expect({ ready, count: deaths.count }).toEqual({ ready: false, count: 1 });
    expect(deaths.lastAt).toBeInstanceOf(Date);
    await until("it is there again", async () => (await find(green)).ready);
    await until("it answers", () => mesh.predict({ "x-slot": "green" }).catch(() => ""));
  });
});

describe("a consumer", () => {
  afterEach(() => mesh.instances.retire(tipGreen));

  test("gets events from its deployment on, none is lost while it is replaced, and its durable goes with it", async () => {
    await publishTrip("before");
    await mesh.instances.deploy({ ...tipGreen, version: "v1" });
    expect(await mesh.left("tip", "green")).toMatchObject({ durable: true });
    const names = await Promise.all(
      [0, 1].map(async (index) => (await find(tipGreen, index)).name),
    );
    expect(names).toEqual(["tip-green", "tip-green-2"]);
    let trips = 0;
    const load = flow(() => publishTrip(`trip-${trips++}`), 100);
    for (let index = 0; index < CONSUMERS; index++) {
      await mesh.instances.replace({ ...tipGreen, index }, "v2");
    }
    expect((await load.stop()).failed).toEqual([]);
    await publishTrip("last");
    await mesh.instances.retire(tipGreen); // waits for the answers
    expect(await mesh.left("tip", "green")).toEqual(NOTHING);
    const batches = await readStream(mesh.events, streams.predictions, "predictions.tip.>", (m) =>
      PredictionBatch.decode(m.data),
    );
    const predictions = batches.flatMap((batch) => batch.predictions);
    const answered = new Set(predictions.map(({ tripId }) => tripId));
    expect(answered.size).toBe(trips + 1);
    expect(answered.has("before")).toBe(false);
    expect(predictions.find(({ tripId }) => tripId === "last")?.version).toBe("v2");
  });

  test("whose processes do not come up leaves no durable", async () => {
    breakBundle(mesh.modelsDir, "tip", "v8-no-model", (card) => {
      const model = Buffer.from("this is no model");
      card["digest"] = digestOf(model);
      return model;
    });
    const asked = mesh.instances.deploy({ ...tipGreen, version: "v8-no-model" });
    await expect(asked).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    await expect(asked).rejects.toThrow(/tip-green\S* ended before .* it said last: .*model\.onnx/);
    expect(await mesh.left("tip", "green")).toEqual(NOTHING);
    expect((await mesh.instances.list()).filter(({ service }) => service === "tip")).toEqual([]);
  });
});

describe("what cannot be deployed is refused with the reason, and nothing is left of it", () => {
  test.each([
    [
      { ...green, version: "v99" },
      'there is no version of duration named "v99": there are v1, v2,',
    ],
    [{ ...green, version: "../tip/v1" }, "there is no version of duration"],
    [{ ...green, service: "weather", version: "v1" }, 'there is no service named "weather"'],
    [
      { ...green, slot: "red", version: "v1" },
      'there is no slot named "red": there are blue, green',
    ],
  ])("%o", async (deployment, message) => {
    const asked = mesh.instances.deploy(deployment as typeof green & { version: string });
    await expect(asked).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(asked).rejects.toThrow(message);
    expect(await mesh.left("duration", "green")).toEqual(NOTHING);
  });

  test("a model file that its card does not describe", async () => {
    breakBundle(mesh.modelsDir, "duration", "v5-swapped", (_, model) => model.subarray(1));
    const asked = mesh.instances.deploy({ ...green, version: "v5-swapped" });
    await expect(asked).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    await expect(asked).rejects.toThrow(/has digest .* its card says/);
    expect(await mesh.left("duration", "green")).toEqual(NOTHING);
  });

  test("a card of another version", async () => {
    breakBundle(mesh.modelsDir, "duration", "v6-copied", (card) => {
      card["version"] = "v1";
      return undefined;
    });
    await expect(mesh.instances.deploy({ ...green, version: "v6-copied" })).rejects.toThrow(
      "is of duration v1, not of duration v6-copied",
    );
  });

  test("a bundle that answers something else, with the process's own words", async () => {
    breakBundle(mesh.modelsDir, "duration", "v7-no-price", (card) => {
      card["outputs"] = (card["outputs"] as unknown[]).slice(0, 3);
      return undefined;
    });
    const asked = mesh.instances.deploy({ ...green, version: "v7-no-price" });
    await expect(asked).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    await expect(asked).rejects.toThrow(
      /duration-green ended before it was ready \(exit 1\); it said last: .*the card's outputs are/,
    );
    expect(await mesh.left("duration", "green")).toEqual(NOTHING);

    const replaced = mesh.instances.replace({ ...blue, index: 0 }, "v7-no-price");
    await expect(replaced).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    expect(await find(blue)).toMatchObject({ version: "v1", ready: true });
    expect((await mesh.left("duration", "blue")).processes).toEqual(["duration-blue"]);
  });

  test("a process that is not there cannot be replaced", async () => {
    await expect(mesh.instances.replace({ ...green, index: 0 }, "v2")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "duration-green has no process 0",
    });
  });
});

async function publishTrip(tripId: string): Promise<string> {
  const event: TripEvent = {
    ...TripEvent.create(),
    eventId: `${tripId}:1`,
    tripId,
    riderId: "r",
    seq: 1,
    occurredAt: new Date(),
    features: {
      pickupZone: 74,
      dropoffZone: 236,
      pickupLocalSeconds: 1_612_166_400n,
      tripDistanceMiles: undefined,
      passengerCount: undefined,
    },
    arms: { tip: "blue" },
    body: {
      $case: "requested",
      value: {
        estimate: { ...Estimate.create(), duration: fromMinutes(12) },
        featureHash: Buffer.alloc(0),
      },
    },
  };
  await mesh.events.js.publish(`trips.${tripId}.requested`, TripEvent.encode(event).finish());
  return "stored";
}
