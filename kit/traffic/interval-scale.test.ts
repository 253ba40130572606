import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Events } from "#kit/events/connect.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { openTrafficBucket } from "./bucket.ts";
import { followIntervalScale } from "./interval-scale.ts";
import { firstTraffic, type ModelService } from "./traffic.ts";

const log = pino({ level: "silent" });
let nats: TestNats;
let events: Events;
beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
});
afterAll(() => nats?.stop());

test("the scale of a slot is followed, and that of others is not", async () => {
  const bucket = await openTrafficBucket(events);
  const blue = followIntervalScale(events, { service: "tip", slot: "blue", log });
  const green = followIntervalScale(events, { service: "tip", slot: "green", log });
  const cost = followIntervalScale(events, { service: "cost", slot: "blue", log });
  expect([blue.current(), green.current()]).toEqual([1, 1]);

  const publish = async (service: ModelService, scale: number) => {
    const stored = (await bucket.get(service)) ?? firstTraffic(service);
    if (stored.blue)
      await bucket.put({ ...stored, blue: { ...stored.blue, intervalScale: scale } });
  };
  await publish("tip", 1.25);
  await until("tip's scale is known", () => blue.current() === 1.25);
  await publish("tip", 0.9);
  await until("its change is known", () => blue.current() === 0.9);
  await publish("cost", 2);
  await until("cost's scale is known", () => cost.current() === 2);
  expect([blue.current(), green.current()]).toEqual([0.9, 1]);
  for (const scale of [blue, green, cost]) scale.stop();
});
