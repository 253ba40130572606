import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "#kit/rpc/client.ts";
import { armOf } from "#kit/traffic/arm.ts";
import { modelServices, slots } from "#kit/traffic/traffic.ts";
import { type Asking, askThrough, Inference, ofAll, serveModel } from "./canned-model.ts";
import { saveSplit } from "./save-split.ts";
import { startTrial, type Trial } from "./trial.ts";

const DURATION_TIMEOUT_MS = 1500; // short, but not for a busy machine
const riders = Array.from({ length: 300 }, (_, index) => `rider-${index}`);

let trial: Trial;
let asking: Asking;
/** Each cluster's own server, which a test that deploys others puts back. */
const own = new Map<string, string>();

beforeAll(async () => {
  trial = await startTrial({ durationTimeoutMs: DURATION_TIMEOUT_MS });
  await Promise.all(
    modelServices.flatMap((service) =>
      slots.map(async (slot) => {
        const server = await serveModel(trial, `${service}-${slot}`);
        own.set(`${service}-${slot}`, server.address);
        await putBack(`${service}-${slot}`);
      }),
    ),
  );
  asking = askThrough(trial);
});

afterAll(() => trial.stop());

describe("weights", () => {
  test("without any release, blue answers everybody", async () => {
    expect(await answers(riders.slice(0, 100))).toEqual(new Set(["duration-blue"]));
  });

  test("the saved layer moves the traffic of its service, and of no other", async () => {
    await save({ duration: { blue: 0 } });
    expect(await answers(riders.slice(0, 100))).toEqual(new Set(["duration-green"]));
    expect(await infer({ "x-model": "tip", "x-rider-id": "r" })).toBe("tip-blue");
  });

  test("an operator's override wins over the saved layer until it is cleared", async () => {
    await save({ duration: { blue: 0 } });
    await override({ blue: "10000", green: "0" });
    expect(await answers(riders.slice(0, 100))).toEqual(new Set(["duration-blue"]));
    await override({ blue: "", green: "" });
    expect(await answers(riders.slice(0, 100))).toEqual(new Set(["duration-green"]));
  });

  test("Envoy and the formula for events put every rider in the same slot", async () => {
    for (const blue of [3000, 9500]) {
      await save({ duration: { blue } });
      const expected = riders.map((rider) => `duration-${armOf("duration-7", rider, blue)}`);
      expect(new Set(expected).size).toBe(2);
      expect(await ofAll(riders, (rider) => predictFor("duration-7", rider))).toEqual(expected);
    }
  });

  test("without a cohort key the rider's id keeps a rider in one slot", async () => {
    await save({ duration: { blue: 5000 } });
    const ask = () => ofAll(riders, (rider) => predict({ "x-rider-id": rider }));
    const first = await ask();
    expect(new Set(first).size).toBe(2);
    expect(await ask()).toEqual(first);
  });
});

describe("a named slot", () => {
  test("answers whatever the weights are", async () => {
    await save({ duration: {} });
    expect(await predict({ "x-slot": "green" })).toBe("duration-green");
    expect(await infer({ "x-model": "cost", "x-slot": "green" })).toBe("cost-green");
  });

  test("that is none is NOT_FOUND, not one of the two", async () => {
    await expect(predict({ "x-slot": "red" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("in which nothing is deployed is UNAVAILABLE at once", async () => {
    await trial.deploy("duration-green", []);
    onTestFinished(() => putBack("duration-green"));
    await expect(predict({ "x-slot": "green" })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "no healthy upstream",
    });
  });
});

describe("inference", () => {
  test("is for the service that x-model names, by that service's weights", async () => {
    await save({ tip: { blue: 0 } });
    expect(await infer({ "x-model": "tip" })).toBe("tip-green");
    expect(await infer({ "x-model": "cost" })).toBe("cost-blue");
    expect(await infer({ "x-model": "dynamic-duration" })).toBe("dynamic-duration-blue");
  });

  test("is for duration when none is named", async () => {
    await save({});
    expect(await infer({})).toBe("duration-blue");
  });

  test("of an unknown model is NOT_FOUND", async () => {
    await expect(infer({ "x-model": "weather" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "no such model",
    });
  });
});

describe("processes", () => {
  test("are replaced without a failed call", async () => {
    await save({});
    onTestFinished(() => putBack("duration-blue"));
    const next = await serveModel(trial, "duration-blue, new");
    const seen: string[] = [];
    let replaced = false;
    const load = (async () => {
      while (!replaced) seen.push(await predict({ "x-rider-id": "r" }));
    })();
    await trial.deploy("duration-blue", [ownAddress("duration-blue"), next.address]);
    await trial.deploy("duration-blue", [next.address]);
    replaced = true;
    await load;
    expect(seen).toContain("duration-blue");
    expect(await answers(riders.slice(0, 20))).toEqual(new Set(["duration-blue, new"]));
  });

  test("that leave one of two standing do not fail a call", async () => {
    await save({});
    onTestFinished(() => putBack("duration-blue"));
    const dying = await serveModel(trial, "dying");
    await trial.deploy("duration-blue", [ownAddress("duration-blue"), dying.address]);
    expect(await answers(riders)).toContain("dying");
    await dying.close(); // gone without a word: Envoy still lists it
    expect(await answers(riders)).toEqual(new Set(["duration-blue"]));
  });

  test("that do not answer in time are given up with UNAVAILABLE before the caller's deadline", async () => {
    const startMs = performance.now();
    await expect(predict({ "x-slow": "1" })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "upstream request timeout",
    });
    expect(performance.now() - startMs).toBeGreaterThan(DURATION_TIMEOUT_MS - 20);
  });
});

test("the mesh listener speaks HTTP/2 only, and serves nothing else", async () => {
  const other = { ...Inference, fullName: "inference.Other" };
  const client = createClient(other, trial.envoy.mesh);
  onTestFinished(() => client.close());
  await expect(client.serverMetadata({}, { timeoutMs: 5000 })).rejects.toMatchObject({
    code: "UNIMPLEMENTED",
  });
});

function ownAddress(cluster: string): string {
  return own.get(cluster) ?? "";
}

function putBack(cluster: string): Promise<void> {
  return trial.deploy(cluster, [ownAddress(cluster)]);
}

const predict = (headers: Record<string, string>) => asking.predict(headers);
const predictFor = (salt: string, rider: string) => asking.predictFor(salt, rider);
const infer = (headers: Record<string, string>) => asking.infer(headers);

async function answers(someRiders: readonly string[]): Promise<Set<string>> {
  return new Set(await ofAll(someRiders, (rider) => predictFor("salt", rider)));
}

const save = (splits: Parameters<typeof saveSplit>[1]) => saveSplit(trial, splits);

async function override({ blue, green }: { blue: string; green: string }): Promise<void> {
  const keys = `traffic.duration.duration-blue=${blue}&traffic.duration.duration-green=${green}`;
  const url = `http://${trial.envoy.admin}/runtime_modify?${keys}`;
  expect((await fetch(url, { method: "POST" })).status).toBe(200);
}
