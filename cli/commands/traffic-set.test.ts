// `mesh traffic set` with the rollout service's own methods over gRPC, a real event stream and a real Envoy.
import pino from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { handle, type RpcServer, serve } from "#kit/rpc/server.ts";
import { openTrafficBucket, type TrafficBucket } from "#kit/traffic/bucket.ts";
import { readEnvoyTraffic } from "#kit/traffic/envoy-runtime.ts";
import { split } from "#kit/traffic/testing/split.ts";
import { startTrial, type Trial } from "../../envoy/trial.ts";
import { rememberLooks } from "../../services/rollout/newest-looks.ts";
import { openReleaseLog, type ReleaseLog } from "../../services/rollout/release-log.ts";
import { createRtdsServer, type RtdsServer } from "../../services/rollout/rtds/server.ts";
import { createRolloutService } from "../../services/rollout/service.ts";
import { rolloutOf } from "../../services/rollout/testing/rollouts.ts";
import {
  BY_HAND,
  openTrafficControl,
  type TrafficControl,
} from "../../services/rollout/traffic-control.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { root, runMesh } from "../testing/run-mesh.ts";

const log = pino({ level: "silent" });
let nats: TestNats;
let trial: Trial;
let bucket: TrafficBucket;
let releases: ReleaseLog;
let rtds: RtdsServer;
let control: TrafficControl;
let server: RpcServer;
/** Slots in which somebody serves. */
const serving = new Set<string>();

beforeAll(async () => {
  [nats, trial] = await Promise.all([startNats(), startTrial({ nodeId: "envoy-1" })]);
  const events = await nats.connect("rollout");
  bucket = await openTrafficBucket(events);
  for (const traffic of split({ duration: {}, tip: {} }, 0n)) await bucket.put(traffic);
  releases = await openReleaseLog(events);
  rtds = createRtdsServer({ log });
  control = await openTrafficControl({
    bucket,
    releases,
    push: {
      async push(all) {
        const version = rtds.publish(all);
        const { nodes, laggards } = await rtds.acknowledged(version, 2_000);
        return { acknowledgedBy: nodes, laggards: laggards.map(({ node }) => node) };
      },
    },
    log,
  });
  const judge = { look: () => ({ verdict: 0 as const, because: "", gates: [] }) };
  const service = createRolloutService({
    releases,
    looks: rememberLooks(judge, releases).looks,
    traffic: control,
    digestOf: async () => "a".repeat(64),
    latestEventTime: async () => new Date(0),
    slotProblem: async (name, slot) =>
      serving.has(`${name}-${slot}`) ? undefined : `${name}-${slot} has no healthy instance`,
    wake: () => undefined,
  });
  server = await serve([handle(RolloutServiceDefinition, service), rtds.registration], {
    listen: "127.0.0.1:0",
    log,
  });
  await trial.deploy("rollout", [server.address]);
  await until("Envoy has the traffic", async () => {
    const { services } = await readEnvoyTraffic(trial.envoy.admin);
    return services.duration.blue.traffic.layer === "rtds";
  });
});
afterAll(async () => {
  await trial?.stop();
  control?.close();
  rtds?.close();
  await server?.close(0);
  await nats?.stop();
});
beforeEach(() => {
  serving.clear();
  for (const name of ["duration-blue", "duration-green", "tip-blue", "tip-green"]) {
    serving.add(name);
  }
});

const set = (...args: string[]) =>
  runMesh(
    root,
    ...["traffic", "set", ...args, "--rollout", server.address, "--envoy", trial.envoy.admin],
    ...["--who", "me"],
  );
const because = ["--why", "to see"];
const stored = async (service: "duration" | "tip") => (await bucket.get(service)) as Traffic;

test("shows before and after, and names the Envoy that goes by it now", async () => {
  const before = await stored("duration");
  const { code, out } = await set("duration", "--green", "5%", ...because);
  const after = await stored("duration");
  expect([code, out]).toEqual([
    0,
    [
      "slot   version  share     before    after",
      "blue   v1       riders  100.00 %  95.00 %",
      "green  v2       riders    0.00 %   5.00 %",
      "",
      `duration is at revision ${after.revision}, before it was ${before.revision}.`,
      "Acknowledged by envoy-1.",
    ],
  ]);
  expect([after.blue?.weight, after.green?.weight]).toEqual([9_500, 500]);
  const { services } = await readEnvoyTraffic(trial.envoy.admin);
  expect(services.duration.green.traffic).toEqual({ weight: 500, layer: "rtds" });
  expect(releases.traffics(BY_HAND).at(-1)).toEqual(after);
  const again = await set("duration", "--blue", "95%", ...because);
  expect(again.out).toEqual(["The traffic of duration is so already: nothing was changed."]);
  expect(await stored("duration")).toEqual(after);
});

test("copies, and a segment apart, as JSON", async () => {
  const copied = await set("tip", "--mirror", "green=100%", ...because, "--json");
  const { before, after } = JSON.parse(copied.out[0] ?? "");
  expect(before.green).not.toHaveProperty("mirror");
  expect(after).toMatchObject({ traffic: { green: { mirror: 10_000 } } });
  expect(after.acknowledgedBy).toEqual(["envoy-1"]);
  const args = ["--mirror", "green=0%", "--segment", "green=100%"];
  const apart = await set("tip", ...args, ...because);
  expect(apart.out.slice(0, 7)).toEqual([
    "slot   version  share        before     after",
    "blue   v1       riders     100.00 %  100.00 %",
    "                segment b  100.00 %    0.00 %",
    "green  v2       riders       0.00 %    0.00 %",
    "                segment b    0.00 %  100.00 %",
    "                copies     100.00 %    0.00 %",
    "",
  ]);
  await set("tip", "--segment", "none", ...because);
  expect((await stored("tip")).green).toMatchObject({ weight: 0, mirror: 0 });
  expect((await stored("tip")).green?.segmentWeight).toBeUndefined();
});

test("says when something set by hand in Envoy hides the change, and how to clear it", async () => {
  const key = "traffic.duration.duration-green";
  const modify = (value: string) =>
    fetch(`http://${trial.envoy.admin}/runtime_modify?${key}=${value}`, { method: "POST" });
  await modify("7000");
  const { code, out } = await set("duration", "--green", "10%", ...because);
  await modify("");
  expect(code).toBe(0);
  expect(out.slice(-2)).toEqual([
    expect.stringContaining(`stronger than what was decided: ${key}`),
    `To clear it: curl -X POST "http://${trial.envoy.admin}/runtime_modify?${key}="`,
  ]);
});

describe("is refused with the reason, and nothing has changed", () => {
  test.each<[string, string[], number, RegExp]>([
    [
      "a sum that is not everything",
      ["duration", "--blue", "90%", "--green", "5%", ...because],
      1,
      /weight: blue and green must add up to 10000, not 9500/,
    ],
    [
      "copies for a slot with weight",
      ["duration", "--mirror", "blue=1%", ...because],
      1,
      /blue\.mirror: must be 0 for a slot with weight/,
    ],
    [
      "a revision that is old",
      ["duration", "--green", "20%", "--revision", "1", ...because],
      1,
      /^ABORTED: .*revision/,
    ],
    ["no reason", ["duration", "--green", "20%"], 2, /--why/],
    ["nothing wanted", ["duration", ...because], 2, /--blue, --green, --mirror or --segment/],
  ])("%s", async (_, args, code, message) => {
    const before = await stored("duration");
    const ran = await set(...args);
    expect(ran.code).toBe(code);
    expect(ran.err.join("\n")).toMatch(message);
    expect(await stored("duration")).toEqual(before);
  });

  test("weight for a slot where nobody serves", async () => {
    serving.delete("duration-green");
    const { code, err } = await set("duration", "--green", "20%", ...because);
    expect(code).toBe(1);
    expect(err).toEqual(["FAILED_PRECONDITION: duration-green has no healthy instance"]);
  });

  test("while a rollout is under way", async () => {
    const value: Rollout = rolloutOf({ rolloutId: "tip-v2-1", service: "tip", currentStage: 1 });
    await releases.append(value.rolloutId, { $case: "started", value });
    const { code, err } = await set("tip", "--green", "20%", ...because);
    expect(code).toBe(1);
    expect(err[0]).toMatch(/^FAILED_PRECONDITION: tip-v2-1 is under way/);
  });
});

test.each([
  [["duration", "--green", "5"], "a share without %"],
  [["duration", "--green", "101%"], "more than all"],
  [["duration", "--mirror", "red=5%"], "a slot that is none"],
  [["weather", "--green", "5%"], "a service that is none"],
])("%s: called the wrong way, %s", async (args) => {
  expect((await set(...args, ...because)).code).toBe(2);
});
