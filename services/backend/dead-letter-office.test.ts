// A crash loop: an event that nobody lives to settle still becomes a dead letter, once.
import { jetstreamManager } from "@nats-io/jetstream";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeadLetter } from "#gen/tripmesh/events/v1/dead_letter.ts";
import type { Events } from "#kit/events/connect.ts";
import { storeDeadLetter } from "#kit/events/dead-letters.ts";
import { provisionSlot } from "#kit/events/provision.ts";
import { streams, tripSubject } from "#kit/events/subjects.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { readStream } from "../../test/harness/read-stream.ts";
import { until } from "../../test/harness/until.ts";
import { openDeadLetterOffice } from "./dead-letter-office.ts";

const MS = 1_000_000; // JetStream counts nanoseconds
const log = pino({ level: "silent" });
let nats: TestNats;
let events: Events;
beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
});
afterAll(() => nats?.stop());

const letters = () =>
  readStream(events, streams.deadLetters, "dead.>", (message) => DeadLetter.decode(message.data));

test("an event that kills its consumer each time is put aside, byte for byte", async () => {
  await provisionSlot(events, "tip", "blue", "all");
  const manager = await jetstreamManager(events.connection);
  // The same durable with less patience; two deliveries instead of five.
  await manager.consumers.update(streams.trips, "tip-blue", {
    backoff: [50 * MS],
    max_deliver: 2,
  });
  await manager.consumers.add(streams.trips, {
    durable_name: "somebody-elses",
    ack_policy: "explicit",
    ack_wait: 50 * MS,
    max_deliver: 1,
  });
  const office = await openDeadLetterOffice(events, log);
  const payload = Buffer.from([1, 2, 3]);
  await events.js.publish(tripSubject("killer", "requested"), payload);

  for (const durable of ["tip-blue", "somebody-elses"]) {
    const crashing = await events.js.consumers.get(streams.trips, durable);
    void (async () => {
      for await (const _ of await crashing.consume({ expires: 1_000 })); // takes it, never settles it
    })().catch(() => undefined); // the connection closes below it at the end
  }
  const [letter] = await until("a letter is stored", async () => {
    const found = await letters();
    return found.length > 0 ? found : undefined;
  });
  expect(letter).toMatchObject({ service: "tip", slot: "blue", deliveries: 2, payload });
  expect(letter?.subject).toBe(tripSubject("killer", "requested"));

  // The consumer's own letter about the same event, and the advisory again: still one.
  if (letter) await storeDeadLetter(events, letter, "tip-blue");
  expect(await letters()).toHaveLength(1);
  await office.stop();
});
