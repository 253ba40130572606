// Provisioning a server that nobody has prepared, and one whose settings have drifted.
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Events } from "#kit/events/connect.ts";
import { LEDGER_DURABLE, streams } from "#kit/events/subjects.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { root, runMesh } from "../testing/run-mesh.ts";

const SECOND = 1_000_000_000; // JetStream counts nanoseconds
let nats: TestNats;
let events: Events;
beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
});
afterAll(() => nats?.stop());

const provision = (...args: string[]) => runMesh(root, "provision", "--nats", nats.url, ...args);

test("what has drifted is brought back, and what is stored stays", async () => {
  const manager = await jetstreamManager(events.connection);
  await events.js.publish("trips.t1.requested", "kept");
  await manager.streams.update(streams.trips, { max_age: SECOND * 3600 });
  await manager.consumers.update(streams.predictions, LEDGER_DURABLE, {
    backoff: [SECOND],
    max_deliver: 2,
  });
  const { code, out } = await provision();
  expect(code).toBe(0);
  expect(out[0]).toMatch(/kind +name/);
  expect(out).toHaveLength(1 + 5 + 1 + 2);
  expect(out.slice(1).every((line) => line.startsWith("updated"))).toBe(true);
  const { config, state } = await manager.streams.info(streams.trips);
  expect(config.max_age).toBe(30 * 86_400 * SECOND);
  expect(state.messages).toBe(1);
  const durable = await manager.consumers.info(streams.predictions, LEDGER_DURABLE);
  expect(durable.config).toMatchObject({
    max_deliver: 5,
    backoff: [5, 15, 60, 300].map((s) => s * SECOND),
  });
});

test("what is missing is created", async () => {
  const manager = await jetstreamManager(events.connection);
  await manager.streams.delete(streams.releases);
  const { out } = await provision("--json");
  const steps = out.map((line) => JSON.parse(line) as { name: string; action: string });
  expect(steps.filter(({ action }) => action === "created").map(({ name }) => name)).toEqual([
    streams.releases,
  ]);
});

test("more copies than there are servers is one clear refusal", async () => {
  const { code, err } = await provision("--replicas", "3");
  expect(code).toBe(1);
  expect(err).toEqual([expect.stringMatching(/^The event stream refuses: .*replicas/i)]);
});
