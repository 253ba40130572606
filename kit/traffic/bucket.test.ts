import { Kvm } from "@nats-io/kv";
import pino from "pino";
import { afterEach, expect, test } from "vitest";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { openTrafficBucket, TRAFFIC_BUCKET } from "./bucket.ts";
import { firstTraffic } from "./traffic.ts";

let nats: TestNats;
afterEach(() => nats.stop());

const shared = (traffic: Traffic, green: number): Traffic => ({
  ...traffic,
  blue: { ...traffic.blue, weight: 10_000 - green } as never,
  green: { ...traffic.green, version: "v2", weight: green } as never,
});

test("a watcher sees changes again as soon as a killed server is back, and each state once", async () => {
  nats = await startNats();
  const [events, writer] = [await nats.connect("watcher"), await nats.connect("writer")];
  const bucket = await openTrafficBucket(writer);
  let stored = await bucket.put(firstTraffic("tip"));
  const seen: bigint[] = [];
  const watch = await (await openTrafficBucket(events)).watch(
    ({ revision }) => void seen.push(revision),
    { service: "tip", log: pino({ level: "silent" }) },
  );
  await until("the first state is seen", () => seen.length === 1);
  for (const green of [500, 1_000]) {
    await nats.kill();
    await nats.restart();
    const wanted = shared(stored, green);
    stored = await until("it is written", () => bucket.put(wanted).catch(() => undefined));
    await until("it is seen", () => seen.at(-1) === stored.revision, 10_000);
  }
  watch.stop();
  expect(seen).toEqual([...new Set(seen)]);
  expect(seen).toHaveLength(3);
}, 60_000);

test("a value that nobody can read is told, and the next one is taken", async () => {
  nats = await startNats();
  const events = await nats.connect("watcher");
  const bucket = await openTrafficBucket(events);
  const seen: bigint[] = [];
  const lines: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => void lines.push(line) });
  const watch = await bucket.watch(({ revision }) => void seen.push(revision), {
    service: "tip",
    log,
  });
  const kv = await new Kvm(events.js).open(TRAFFIC_BUCKET);
  const bad = await kv.put("tip", "no traffic");
  await until("it is told", () => lines.some((line) => line.includes("cannot be taken")));
  const stored = await bucket.put({ ...firstTraffic("tip"), revision: BigInt(bad) });
  await until("the next one is seen", () => seen.includes(stored.revision));
  watch.stop();
});
