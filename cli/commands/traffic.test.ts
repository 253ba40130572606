// `mesh traffic get` with a real event stream and a real Envoy: decided, in force, by hand.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTrafficBucket, type TrafficBucket } from "#kit/traffic/bucket.ts";
import { type Split, split } from "#kit/traffic/testing/split.ts";
import type { ModelService } from "#kit/traffic/traffic.ts";
import { saveSplit } from "../../envoy/save-split.ts";
import { startTrial, type Trial } from "../../envoy/trial.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { root, runMesh } from "../testing/run-mesh.ts";

let nats: TestNats;
let bucket: TrafficBucket;
let trial: Trial;

beforeAll(async () => {
  [nats, trial] = await Promise.all([startNats(), startTrial()]);
  bucket = await openTrafficBucket(await nats.connect());
});
afterAll(async () => {
  await trial?.stop();
  await nats?.stop();
});
beforeEach(() => decide({ duration: { blue: 9000, mirror: 0 }, tip: { mirror: 2500 } }));

test("shows what was decided and what is in force", async () => {
  const { code, out } = await get();
  expect(code).toBe(0);
  expect(out[0]).toMatch(
    /^service +slot +version +decided +in force +segment b +in force +mirror$/,
  );
  expect(out[1]).toMatch(/^duration +blue +v1 +90\.00 % +90\.00 % +90\.00 % +90\.00 % +0\.00 %$/);
  expect(out[2]).toMatch(/^ +green +v2 +10\.00 % +10\.00 % +10\.00 % +10\.00 % +0\.00 %$/);
  expect(out.find((line) => line.startsWith("tip"))).toMatch(/blue +v1 +100\.00 %/);
  expect(out).toHaveLength(1 + 4 * 2);
});

test("marks what is set by hand, and says how to clear it", async () => {
  const key = (slot: string) => `traffic.duration.duration-${slot}`;
  const modify = (blue: string, green: string) =>
    `http://${trial.envoy.admin}/runtime_modify?${key("blue")}=${blue}&${key("green")}=${green}`;
  await fetch(modify("5000", "5000"), { method: "POST" });
  const { out } = await get("duration");
  expect(out[1]).toMatch(/blue +v1 +90\.00 % +50\.00 % .* ← by hand$/);
  expect(out.at(-2)).toContain("Set by hand in Envoy");
  const clear = `"http://${trial.envoy.admin}/runtime_modify?${key("blue")}=&${key("green")}="`;
  expect(out.at(-1)).toBe(`To clear it: curl -X POST ${clear}`);

  const [json = ""] = (await get("duration", "--json")).out;
  expect(JSON.parse(json)).toMatchObject({
    service: "duration",
    overrides: [key("blue"), key("green")],
    slots: {
      green: {
        weight: 1000,
        differs: true,
        inForce: { traffic: { weight: 5000, layer: "admin" } },
      },
    },
  });
  await fetch(modify("", ""), { method: "POST" });
  expect((await get("duration")).out.join("\n")).not.toContain("by hand");
});

test("tells of copies set by hand as well", async () => {
  const { admin } = trial.envoy;
  const modify = (value: string) =>
    fetch(`http://${admin}/runtime_modify?mirror.tip.green=${encodeURIComponent(value)}`, {
      method: "POST",
    });
  await modify("{numerator: 5000, denominator: TEN_THOUSAND}");
  const { out } = await get("tip");
  await modify("");
  expect(out[2]).toMatch(/green .* ← by hand$/);
  expect(out.at(-1)).toBe(
    `To clear it: curl -X POST "http://${admin}/runtime_modify?mirror.tip.green="`,
  );
});

test("tells of an Envoy that has not heard of a decision", async () => {
  await decide({ duration: { blue: 100 } }, { tell: false });
  const { out } = await get("duration");
  expect(out[1]).toMatch(/blue +v1 +1\.00 % +90\.00 % .* ← not as decided$/);
});

test("shows what was decided when no Envoy answers, or none is named", async () => {
  const silent = await runMesh(root, ...args(), "--envoy", "127.0.0.1:1");
  expect(silent.out[1]).toMatch(/blue +v1 +90\.00 % +\? /);
  expect(silent.out.at(-1)).toMatch(
    /^What is in force is not known: no answer from Envoy at 127\.0\.0\.1:1 \(.+\)\.$/,
  );
  const unnamed = await runMesh(root, ...args());
  expect(unnamed.out.at(-1)).toBe("No Envoy was named: what is in force is not known.");
});

test("knows its services", async () => {
  expect((await get("weather")).code).toBe(2);
});

const args = (...more: string[]) => ["traffic", "get", ...more, "--nats", nats.url];
const get = (...more: string[]) => runMesh(root, ...args(...more), "--envoy", trial.envoy.admin);

/** Writes the bucket, and unless `tell` is false Envoy's saved layer. */
async function decide(
  splits: Partial<Record<ModelService, Split>>,
  { tell } = { tell: true },
): Promise<void> {
  for (const traffic of split(splits)) {
    const revision = (await bucket.get(traffic.service))?.revision ?? 0n;
    await bucket.put({ ...traffic, revision });
  }
  if (tell) await saveSplit(trial, splits);
}
