// A rollout process, with its own rights, releases into a mesh that runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DurationServiceDefinition,
  PredictRequest,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import type { InstanceExit } from "#kit/instances/instances.ts";
import { createInstancesClient, type InstancesClient } from "#kit/instances/over-nats-client.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import { readMeshFile } from "../../cli/up/mesh-file.ts";
import { keyFile } from "../../cli/up/nats-users.ts";
import { flow } from "../../cli/up/testing/flow.ts";
import { isAlive, startMesh, type TestMesh, tempDataDir } from "../harness/mesh.ts";
import { until } from "../harness/until.ts";

const blue = { service: "duration", slot: "blue" } as const;
const green = { service: "duration", slot: "green" } as const;
const { dir, remove } = await tempDataDir();
let mesh: TestMesh;
let events: Events;
let instances: InstancesClient;
let duration: Client<typeof DurationServiceDefinition>;

beforeAll(start);
afterAll(async () => {
  await stop();
  await remove();
});

async function start(): Promise<void> {
  mesh = await startMesh(dir, "--no-replay");
  events = await connectEvents({
    url: mesh.nats,
    name: "rollout",
    keyFile: keyFile(dir, "rollout"),
  });
  instances = createInstancesClient(events, { log: pino({ level: "silent" }) });
  duration = createClient(DurationServiceDefinition, mesh.mesh);
}

async function stop() {
  instances?.close();
  duration?.close();
  await events?.connection.close();
  return mesh?.stop();
}

const pids = () => readMeshFile(dir)?.pids ?? {};

function pidOf(name: string): number {
  const pid = pids()[name];
  if (pid === undefined) throw new Error(`no process ${name}`);
  return pid;
}

async function predict(headers: Record<string, string> = {}): Promise<string> {
  const request = PredictRequest.fromPartial({
    features: { pickupZone: 74, dropoffZone: 236, pickupLocalSeconds: 1_612_166_400n },
  });
  // Else Envoy's usual 400 ms would end some on a busy machine, whatever happens to instances.
  const patient = { "x-envoy-upstream-rq-timeout-ms": "5000", ...headers };
  return (await duration.predict(request, { timeoutMs: 10_000, headers: patient })).version;
}

test("a version is deployed, killed, replaced and retired while requests flow", async () => {
  const load = flow(() => predict(), 200);
  await instances.deploy({ ...green, version: "v2" });
  expect(await predict({ "x-slot": "green" })).toBe("v2");
  const pid = pidOf("duration-green");
  expect(isAlive(pid)).toBe(true);

  const told = Promise.withResolvers<InstanceExit>();
  instances.onExit(told.resolve);
  await events.connection.flush();
  const killedAt = performance.now();
  process.kill(pid, "SIGKILL");
  expect(await told.promise).toMatchObject({ ...green, version: "v2", signal: "SIGKILL" });
  expect(performance.now() - killedAt).toBeLessThan(1_000);
  await until("it is started again", async () => {
    const all = await instances.list();
    return all.find(({ slot, ready }) => slot === "green" && ready)?.deaths.count === 1;
  });
  expect(pidOf("duration-green")).not.toBe(pid);

  await instances.replace({ ...blue, index: 0 }, "v2");
  expect(pids()).not.toHaveProperty("duration-blue");
  expect(isAlive(pidOf("duration-blue-next"))).toBe(true);
  await instances.replace({ ...blue, index: 0 }, "v1");
  await instances.retire(green);
  expect((await load.stop()).failed).toEqual([]);
  expect(Object.keys(pids()).filter((name) => name.startsWith("duration"))).toEqual([
    "duration-blue",
  ]);
  const file = readFileSync(join(dir, "envoy", "eds", "duration-green.yaml"), "utf8");
  expect(JSON.parse(file).resources[0].endpoints).toEqual([]);
});

test("what is refused says why", async () => {
  await expect(instances.deploy({ ...green, version: "v99" })).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining("there is no version of duration named"),
  });
  await expect(instances.deploy({ ...blue, version: "v2" })).rejects.toMatchObject({
    code: "FAILED_PRECONDITION",
    message: "duration-blue holds v1: retire it before v2 is deployed",
  });
});

test("a mesh that is started again starts what the traffic says, and no more", async () => {
  await instances.deploy({ service: "tip", slot: "green", version: "v2" });
  await instances.deploy({ service: "cost", slot: "green", version: "v2" }); // nobody wrote it down
  const bucket = await openTrafficBucket(events);
  const traffic = await bucket.get("tip");
  if (!traffic?.green) throw new Error("no traffic");
  await bucket.put({ ...traffic, green: { ...traffic.green, version: "v2" } });
  expect(await stop()).toMatchObject({ code: 0, left: [] });
  await start();
  const all = await instances.list();
  const deployed = all.map(({ service, slot, version }) => `${service} ${slot} ${version}`);
  expect(deployed.toSorted()).toEqual([
    "cost blue v1",
    "duration blue v1",
    "dynamic-duration blue v1",
    "tip blue v1",
    "tip green v2",
  ]);
  await instances.deploy({ service: "cost", slot: "green", version: "v2" });
});

test("without the supervisor a request is UNAVAILABLE", async () => {
  const asking = instances.deploy({ service: "dynamic-duration", slot: "green", version: "v2" });
  asking.catch(() => undefined); // looked at below
  await until("it is under way", () => "dynamic-duration-green" in pids());
  await mesh.stop();
  await expect(asking).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
