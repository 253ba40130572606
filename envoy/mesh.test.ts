import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { GRPCInferenceServiceDefinition } from "#gen/inference/grpc_service.ts";
import {
  DurationServiceDefinition,
  PredictRequest,
  PredictResponse,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { handle } from "#kit/rpc/server.ts";
import { armOf, cohortKey } from "#kit/traffic/arm.ts";
import { modelServices, slots } from "#kit/traffic/traffic.ts";
import { type Weights, writeTrafficLayer } from "./run-files.ts";
import { serveFor, startTrial, type Trial } from "./trial.ts";

const DURATION_TIMEOUT_MS = 1500; // short, but not for a busy machine
const riders = Array.from({ length: 300 }, (_, index) => `rider-${index}`);
const { serverMetadata } = GRPCInferenceServiceDefinition.methods;
const Inference = { ...GRPCInferenceServiceDefinition, methods: { serverMetadata } } as const;

let trial: Trial;
let duration: Client<typeof DurationServiceDefinition>;
let inference: Client<typeof Inference>;
/** Each cluster's own server, which a test that deploys others puts back. */
const own = new Map<string, string>();

beforeAll(async () => {
  trial = await startTrial({ durationTimeoutMs: DURATION_TIMEOUT_MS });
  await Promise.all(
    modelServices.flatMap((service) =>
      slots.map(async (slot) => {
        const server = await serveModel(`${service}-${slot}`);
        own.set(`${service}-${slot}`, server.address);
        await putBack(`${service}-${slot}`);
      }),
    ),
  );
  duration = createClient(DurationServiceDefinition, trial.envoy.mesh);
  inference = createClient(Inference, trial.envoy.mesh);
  trial.defer(() => duration.close());
  trial.defer(() => inference.close());
});

afterAll(() => trial.stop());

describe("weights", () => {
  test("without any release, blue answers everybody", async () => {
    expect(await answers(riders.slice(0, 100))).toEqual(new Set(["duration-blue"]));
  });

  test("the saved layer moves the traffic of its service, and of no other", async () => {
    await save({ duration: { blue: 0, green: 10_000 } });
    expect(await answers(riders.slice(0, 100))).toEqual(new Set(["duration-green"]));
    expect(await infer({ "x-model": "tip", "x-rider-id": "r" })).toBe("tip-blue");
  });

  test("an operator's override wins over the saved layer until it is cleared", async () => {
    await save({ duration: { blue: 0, green: 10_000 } });
    await override({ blue: "10000", green: "0" });
    expect(await answers(riders.slice(0, 100))).toEqual(new Set(["duration-blue"]));
    await override({ blue: "", green: "" });
    expect(await answers(riders.slice(0, 100))).toEqual(new Set(["duration-green"]));
  });

  test("Envoy and the formula for events put every rider in the same slot", async () => {
    for (const blue of [3000, 9500]) {
      await save({ duration: { blue, green: 10_000 - blue } });
      const expected = riders.map((rider) => `duration-${armOf("duration-7", rider, blue)}`);
      expect(new Set(expected).size).toBe(2);
      expect(await ofAll(riders, (rider) => predictFor("duration-7", rider))).toEqual(expected);
    }
  });

  test("without a cohort key the rider's id keeps a rider in one slot", async () => {
    await save({ duration: { blue: 5000, green: 5000 } });
    const ask = () => ofAll(riders, (rider) => predict({ "x-rider-id": rider }));
    const first = await ask();
    expect(new Set(first).size).toBe(2);
    expect(await ask()).toEqual(first);
  });
});

describe("a named slot", () => {
  test("answers whatever the weights are", async () => {
    await save({ duration: { blue: 10_000, green: 0 } });
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
    await save({ tip: { blue: 0, green: 10_000 } });
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
    const next = await serveModel("duration-blue", "duration-blue, new");
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
    const dying = await serveModel("duration-blue", "dying");
    await trial.deploy("duration-blue", [ownAddress("duration-blue"), dying.address]);
    expect(await answers(riders)).toContain("dying");
    await dying.close(0); // gone without a word: Envoy still lists it
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

/** A model process that answers every call with its own name. */
async function serveModel(cluster: string, name = cluster) {
  const server = await serveFor(trial, [
    handle(DurationServiceDefinition, {
      predict: (_, context) =>
        context.header("x-slow")
          ? new Promise((resolve) =>
              context.signal.addEventListener("abort", () => resolve(PredictResponse.create())),
            )
          : PredictResponse.fromPartial({ slot: name }),
    }),
    handle(Inference, { serverMetadata: () => ({ name, version: "", extensions: [] }) }),
  ]);
  return server;
}

async function predict(headers: Record<string, string>): Promise<string> {
  const { slot } = await duration.predict(PredictRequest.create(), { timeoutMs: 5000, headers });
  return slot;
}

function predictFor(salt: string, rider: string): Promise<string> {
  return predict({ "x-cohort-key": cohortKey(salt, rider), "x-rider-id": rider });
}

async function answers(someRiders: readonly string[]): Promise<Set<string>> {
  return new Set(await ofAll(someRiders, (rider) => predictFor("salt", rider)));
}

/** Asks for everybody, not all at once: on a busy machine the last would wait beyond the route's timeout. */
async function ofAll<T>(someRiders: readonly string[], ask: (rider: string) => Promise<T>) {
  const found: T[] = [];
  for (let from = 0; from < someRiders.length; from += 50) {
    found.push(...(await Promise.all(someRiders.slice(from, from + 50).map(ask))));
  }
  return found;
}

async function infer(headers: Record<string, string>): Promise<string> {
  return (await inference.serverMetadata({}, { timeoutMs: 5000, headers })).name;
}

/** Saves the weights and waits until Envoy goes by them. */
async function save(traffic: Record<string, Weights>): Promise<void> {
  writeTrafficLayer(trial.runDir, traffic);
  const wanted = modelServices.map((service) => traffic[service] ?? { blue: 10_000, green: 0 });
  await expect
    .poll(
      async () => {
        const { entries } = await readRuntime();
        return modelServices.map((service) => ({
          blue: Number(entries[`traffic.${service}.${service}-blue`]?.final_value),
          green: Number(entries[`traffic.${service}.${service}-green`]?.final_value),
        }));
      },
      { interval: 5, timeout: 5000 },
    )
    .toEqual(wanted);
}

async function readRuntime() {
  const response = await fetch(`http://${trial.envoy.admin}/runtime`);
  return (await response.json()) as { entries: Record<string, { final_value: string }> };
}

async function override({ blue, green }: { blue: string; green: string }): Promise<void> {
  const keys = `traffic.duration.duration-blue=${blue}&traffic.duration.duration-green=${green}`;
  const url = `http://${trial.envoy.admin}/runtime_modify?${keys}`;
  expect((await fetch(url, { method: "POST" })).status).toBe(200);
}
