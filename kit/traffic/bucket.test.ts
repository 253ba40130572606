import pino from "pino";
import { afterEach, expect, test } from "vitest";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { openTrafficBucket } from "./bucket.ts";
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
