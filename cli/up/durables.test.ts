// Durables of slots come and go with them; what somebody else deletes is made again, without an event missed.
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Events } from "#kit/events/connect.ts";
import { provisionSlot } from "#kit/events/provision.ts";
import { LEDGER_DURABLE, streams } from "#kit/events/subjects.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { createDurables, type Durables } from "./durables.ts";

let nats: TestNats;
let events: Events;
let durables: Durables;
const said: string[] = [];
const publish = (trip: string) => events.js.publish(`trips.${trip}.requested`, "");

beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
  await provisionSlot(events, "tip", "blue", "all");
  durables = createDurables({ events, say: (message) => said.push(message), everyMs: 50 });
  durables.adopt({ service: "tip", slot: "blue" });
});
afterAll(async () => {
  await durables?.stop();
  await nats?.stop();
});

test("a slot's durable goes on behind what it had settled", async () => {
  for (const trip of ["a", "b", "c"]) await publish(trip);
  const durable = await events.js.consumers.get(streams.trips, "tip-blue");
  await (await durable.next())?.ackAck();
  const manager = await jetstreamManager(events.connection);
  await until("the first is settled", async () => {
    const { ack_floor } = await manager.consumers.info(streams.trips, "tip-blue");
    return ack_floor.stream_seq === 1;
  });
  await durables.look(); // that was seen
  await durable.delete();
  await until("it is there again", () => said.some((line) => line.includes("from event 2")));
  await publish("d");
  const again = await events.js.consumers.get(streams.trips, "tip-blue");
  const seen: string[] = [];
  for await (const message of await again.fetch({ max_messages: 3, expires: 5_000 })) {
    seen.push(message.subject);
    message.ack();
  }
  expect(seen).toEqual(["b", "c", "d"].map((trip) => `trips.${trip}.requested`));
});

test("a stream that was deleted is made again with its durables, from its beginning", async () => {
  const manager = await jetstreamManager(events.connection);
  await manager.streams.delete(streams.trips);
  await until("stream and durable are there again", () =>
    said.some((line) => line.includes("tip-blue again, from the beginning")),
  );
  expect(said).toContain("made again what was deleted: TRIPS");
  await publish("e");
  const durable = await events.js.consumers.get(streams.trips, "tip-blue");
  expect((await durable.next())?.subject).toBe("trips.e.requested");
});

test("a slot that is deployed begins now, and is left alone once it is retired", async () => {
  const slot = { service: "tip", slot: "green" } as const;
  await provisionSlot(events, "tip", "green", "all"); // of a process that was killed
  await durables.create(slot);
  const manager = await jetstreamManager(events.connection);
  const info = await manager.consumers.info(streams.trips, "tip-green");
  expect(info.config.deliver_policy).toBe("new");
  expect(info.num_pending).toBe(0);
  await publish("f");
  expect(await durables.settledWithin(slot, 0)).toBe(false);
  const durable = await events.js.consumers.get(streams.trips, "tip-green");
  const message = await durable.next();
  expect(message?.subject).toBe("trips.f.requested");
  await message?.ackAck();
  expect(await durables.settledWithin(slot, 5_000)).toBe(true);

  await manager.consumers.delete(streams.trips, "tip-green"); // by somebody else
  await Promise.all([durables.look(), durables.remove(slot), durables.look()]);
  await expect(manager.consumers.info(streams.trips, "tip-green")).rejects.toThrow(/not found/);
  await durables.remove(slot);
});

test("Backend's durables are made again", async () => {
  const manager = await jetstreamManager(events.connection);
  await manager.consumers.delete(streams.predictions, LEDGER_DURABLE);
  await until("it is there again", () => said.some((line) => line.includes(LEDGER_DURABLE)));
});

test("a server that is away is said once, and seen again when it is back", async () => {
  await nats.kill();
  await nats.restart();
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  await until("a durable is deleted", () =>
    manager.consumers.delete(streams.predictions, LEDGER_DURABLE).catch(() => false),
  );
  const times = said.length;
  await until("it is there again", () =>
    said.slice(times - 1).some((l) => l.includes(LEDGER_DURABLE)),
  );
});
