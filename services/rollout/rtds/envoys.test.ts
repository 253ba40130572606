// Traffic pushed to two real Envoys: acknowledged, in force, under load, and with the server or the Envoy gone.
import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type RpcServer, serve } from "#kit/rpc/server.ts";
import { armOf } from "#kit/traffic/arm.ts";
import { readEnvoyTraffic } from "#kit/traffic/envoy-runtime.ts";
import { runtimeOf } from "#kit/traffic/runtime.ts";
import { type Split, split } from "#kit/traffic/testing/split.ts";
import { slots } from "#kit/traffic/traffic.ts";
import {
  type Asking,
  askThrough,
  type CannedModel,
  ofAll,
  serveModel,
} from "../../../envoy/canned-model.ts";
import { renderEnvoy } from "../../../envoy/render.ts";
import { writeEndpoints, writeTrafficLayer } from "../../../envoy/run-files.ts";
import { saveSplit, statistic } from "../../../envoy/save-split.ts";
import { startEnvoy } from "../../../envoy/start.ts";
import {
  envoyBinary,
  freePorts,
  makeRunDir,
  startTrial,
  type Trial,
} from "../../../envoy/trial.ts";
import { until } from "../../../test/harness/until.ts";
import { createRtdsServer, type RtdsServer } from "./server.ts";

const log = pino({ level: "silent" });
const LONG_MS = 20_000; // a test that waits so long has failed
/** An acknowledged push is in force within this; it takes milliseconds, but on a busy machine. */
const IN_FORCE_MS = 2000;
const LOAD_RIDERS = 150; // each asks twice a second
const riders = Array.from({ length: 600 }, (_, index) => `rider-${index}`);

interface Served {
  readonly rtds: RtdsServer;
  readonly server: RpcServer;
}

let envoys: readonly { readonly trial: Trial; readonly asking: Asking }[];
let models: Record<string, CannedModel>;
let served: Served;
let revision = 0;

beforeAll(async () => {
  const trials = await Promise.all(
    ["envoy-1", "envoy-2"].map((nodeId) => startTrial({ nodeId, durationTimeoutMs: 5000 })),
  );
  envoys = trials.map((trial) => ({ trial, asking: askThrough(trial) }));
  const [first] = trials as [Trial];
  models = { blue: await serveModel(first, "blue"), green: await serveModel(first, "green") };
  served = await serveRtds("127.0.0.1:0");
  for (const trial of trials) {
    for (const slot of slots) await trial.deploy(`duration-${slot}`, [models[slot]?.address ?? ""]);
  }
});
afterAll(async () => {
  for (const { trial } of envoys.toReversed()) await trial.stop();
  served.rtds.close();
  await served.server.close(0);
});

test("a layer wins over the one below it, and an override by hand is told, until it is cleared", async () => {
  const { trial, asking } = one();
  const { admin } = trial.envoy;
  const inForce = async () => {
    const { services, overrides, overridesActive } = await readEnvoyTraffic(admin);
    const { weight, layer } = services.duration.green.traffic;
    return { weight, layer, overrides: overrides.length, overridesActive };
  };
  const none = { overrides: 0, overridesActive: false };
  expect(await inForce()).toEqual({ weight: 0, layer: "base", ...none });

  await saveSplit(trial, { duration: { blue: 9000 } });
  expect(await inForce()).toEqual({ weight: 1000, layer: "saved", ...none });

  await Promise.all(envoys.map((envoy) => envoy.trial.deploy("rollout", [served.server.address])));
  await push({ blue: 8000 });
  expect(await inForce()).toEqual({ weight: 2000, layer: "rtds", ...none });

  await modify(admin, { blue: "0", green: "10000" });
  const overridden = { layer: "admin", overrides: 2, overridesActive: true };
  expect(await inForce()).toEqual({ weight: 10_000, ...overridden });
  // Acknowledged all the same: that is why a weight is read back before it is reported.
  await push({ blue: 7000 });
  expect(await inForce()).toEqual({ weight: 10_000, ...overridden });
  expect(await asking.predictFor("s", "anybody")).toBe("green");

  await modify(admin, { blue: "", green: "" });
  expect(await inForce()).toEqual({ weight: 3000, layer: "rtds", ...none });
});

test("a mirror set by hand is told as well, though its share is not", async () => {
  const { admin } = one().trial.envoy;
  await push({ mirror: 100 });
  const value = encodeURIComponent("{numerator: 5000, denominator: TEN_THOUSAND}");
  await post(`http://${admin}/runtime_modify?mirror.duration.green=${value}`);
  const { overrides, services } = await readEnvoyTraffic(admin);
  expect(overrides).toEqual(["mirror.duration.green"]);
  expect(services.duration.green.mirrorLayer).toBe("admin");
  await post(`http://${admin}/runtime_modify?mirror.duration.green=`);
  expect((await readEnvoyTraffic(admin)).overrides).toEqual([]);
});

test("a push is acknowledged by both Envoys under its version, and moves the traffic of both", async () => {
  for (const blue of [0, 10_000, 4000]) {
    const answer = await push({ blue });
    expect(answer.nodes.toSorted()).toEqual(["envoy-1", "envoy-2"]);
    expect(answer.version).toBe(BigInt(revision));
    const some = riders.slice(0, 100);
    for (const { asking } of envoys) {
      const found = () => ofAll(some, (rider) => asking.predictFor("s", rider));
      const expected = some.map((rider) => armOf("s", rider, blue));
      await expect.poll(found, { interval: 1, timeout: IN_FORCE_MS }).toEqual(expected);
    }
  }
});

test("a mirror is pushed like a weight, finer than a percent", async () => {
  const { trial, asking } = one();
  const sent = () =>
    statistic(trial.envoy.admin, "cluster.duration-green-shadow.upstream_rq_total");
  await trial.untilHealthy("duration-green-shadow", [models["green"]?.address ?? ""]);
  const before = await sent();
  await push({ mirror: 50 }); // half a percent
  const answers = await ofAll(riders, (rider) => asking.predictFor("s", rider));
  expect(new Set(answers)).toEqual(new Set(["blue"]));
  // 3 of 600 are expected; read as a percent it would be 300.
  expect((await sent()) - before).toBeLessThan(30);
  await push({});
});

test("50 changes under 300 requests a second fail none of them, and move no rider back", async () => {
  const steps = Array.from({ length: 50 }, (_, index) => 9800 - index * 200);
  await push({ blue: 10_000 });
  const load = startLoad(one().asking);
  for (const blue of steps) {
    await push({ blue });
    const before = load.answered();
    await until("some riders are answered", () => load.answered() >= before + 30);
  }
  const report = await load.stop();
  expect(report.failures).toEqual([]);
  expect(report.movedBack).toEqual([]);
  expect(report.inGreen).toBeGreaterThan(LOAD_RIDERS / 2);
}, 120_000);

test("without the server the weights stay; when it is back, with what was decided since, Envoys follow", async () => {
  await push({ blue: 2500 });
  await served.server.close(0); // without a word to the Envoys
  for (const { trial, asking } of envoys) {
    const some = riders.slice(0, 100);
    const gone = () => statistic(trial.envoy.admin, "runtime.control_plane.connected_state");
    await until("Envoy knows", async () => (await gone()) === 0);
    expect(await ofAll(some, (rider) => asking.predictFor("s", rider))).toEqual(
      some.map((rider) => armOf("s", rider, 2500)),
    );
  }
  served = await serveRtds(served.server.address);
  await until("both have come back", () => served.rtds.nodes().length === 2);
  // It knows nothing yet, and says nothing: the weights are still those from before.
  expect((await readEnvoyTraffic(one().trial.envoy.admin)).services.duration.blue.traffic).toEqual({
    weight: 2500,
    layer: "rtds",
  });
  await push({ blue: 1000 });
  for (const { trial } of envoys) {
    const { services } = await readEnvoyTraffic(trial.envoy.admin);
    expect(services.duration.blue.traffic).toEqual({ weight: 1000, layer: "rtds" });
  }
});

test("an Envoy that starts without the server serves the saved weights", async () => {
  const { trial } = one();
  const runDir = emptyRunDir();
  writeTrafficLayer(runDir, runtimeOf(split({ duration: { blue: 0 } })));
  writeEndpoints(runDir, "duration-green", [models["green"]?.address ?? ""]);
  writeEndpoints(runDir, "rollout", ["127.0.0.1:1"]); // nobody listens there
  const config = renderEnvoy({ ...freePorts, runDir });
  const envoy = await startEnvoy({ binary: envoyBinary(), config, runDir, log: () => undefined });
  onTestFinished(() => envoy.stop());
  const { services } = await readEnvoyTraffic(envoy.admin);
  expect(services.duration.green.traffic).toEqual({ weight: 10_000, layer: "saved" });
  const asking = askThrough({ ...trial, envoy });
  await until("green is healthy", () => asking.predictFor("s", "r").catch(() => ""));
  expect(await asking.predictFor("s", "r")).toBe("green");
});

function one() {
  const [first] = envoys;
  if (!first) throw new Error("not started");
  return first;
}

async function serveRtds(listen: string): Promise<Served> {
  const rtds = createRtdsServer({ log });
  return { rtds, server: await serve([rtds.registration], { listen, log }) };
}

function emptyRunDir(): string {
  const runDir = makeRunDir();
  onTestFinished(() => rmSync(runDir, { recursive: true }));
  return runDir;
}

/** Pushes duration's share under the next revision, and waits until both Envoys have acknowledged it. */
async function push(duration: Split) {
  const version = served.rtds.publish(split({ duration }, ++revision));
  const answer = await served.rtds.acknowledged(version, LONG_MS, 2);
  expect(answer).toMatchObject({ complete: true, laggards: [] });
  return answer;
}

async function modify(admin: string, { blue, green }: { blue: string; green: string }) {
  const keys = `traffic.duration.duration-blue=${blue}&traffic.duration.duration-green=${green}`;
  await post(`http://${admin}/runtime_modify?${keys}`);
}

async function post(url: string): Promise<void> {
  expect((await fetch(url, { method: "POST" })).status).toBe(200);
}

/** 300 requests a second, each rider's one after the other, so that its slots are known in order. */
function startLoad(asking: Asking) {
  const WORKERS = 30;
  const EVERY_MS = 100;
  const failures: string[] = [];
  const movedBack: string[] = [];
  const inGreen = new Set<string>();
  let answered = 0;
  let stopped = false;
  const ask = async (rider: string) => {
    try {
      const slot = await asking.predictFor("load", rider);
      answered++;
      if (slot === "green") inGreen.add(rider);
      else if (inGreen.has(rider)) movedBack.push(rider);
    } catch (error) {
      failures.push(String(error));
    }
  };
  const work = async (worker: number) => {
    const own = riders.slice(0, LOAD_RIDERS).filter((_, index) => index % WORKERS === worker);
    for (let turn = 0; !stopped; turn++) {
      const next = pause(EVERY_MS); // the pace of the load
      await ask(own[turn % own.length] ?? "");
      await next;
    }
  };
  const workers = Array.from({ length: WORKERS }, (_, worker) => work(worker));
  return {
    answered: () => answered,
    async stop() {
      stopped = true;
      await Promise.all(workers);
      return { failures, movedBack, inGreen: inGreen.size };
    },
  };
}
