import { afterAll, beforeAll, expect, test } from "vitest";
import { DeadLetter } from "#gen/tripmesh/events/v1/dead_letter.ts";
import type { Events } from "#kit/events/connect.ts";
import { storeDeadLetter } from "#kit/events/dead-letters.ts";
import { provisionSlot } from "#kit/events/provision.ts";
import { durableName, streams } from "#kit/events/subjects.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { readEventCounts } from "./event-counts.ts";

let nats: TestNats;
let events: Events;
beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
  await provisionSlot(events, "tip", "blue", "all");
});
afterAll(() => nats.stop());

const take = async (n: number) => {
  const consumer = await events.js.consumers.get(streams.trips, durableName("tip", "blue"));
  const messages = [];
  for await (const message of await consumer.fetch({ max_messages: n })) messages.push(message);
  return messages;
};

test("events are counted once, what is given again and what is given up beside it", async () => {
  for (let i = 0; i < 10; i++) await events.js.publish(`trips.t${i}.requested`, "");
  const before = await readEventCounts(events, "tip");
  expect(before.green).toBeUndefined(); // nothing is deployed there
  for (const [i, message] of (await take(8)).entries()) {
    if (i < 3) message.nak();
    else message.ack();
  }
  for (const message of await take(5)) message.ack(); // three again, two new ones
  await events.connection.flush();
  const letter = DeadLetter.fromPartial({ service: "tip", slot: "blue", stream: streams.trips });
  await storeDeadLetter(events, letter, durableName("tip", "blue"));
  const { blue } = await readEventCounts(events, "tip");
  expect(blue).toMatchObject({ timed: 0, slow: 0 });
  expect((blue?.requests ?? 0) - (before.blue?.requests ?? 0)).toBe(10);
  expect((blue?.redelivered ?? 0) - (before.blue?.redelivered ?? 0)).toBe(3);
  expect((blue?.errors ?? 0) - (before.blue?.errors ?? 0)).toBe(1);
});
