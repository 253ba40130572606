// A mesh that is stopped and started again goes on where it was.
import { afterAll, describe, expect, test } from "vitest";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { connectEvents } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import { createClient } from "#kit/rpc/client.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import { startMesh, type TestMesh, tempDataDir, trips } from "../harness/mesh.ts";
import { readStream } from "../harness/read-stream.ts";
import { until } from "../harness/until.ts";

const TRIPS = 60;
const { dir, remove } = await tempDataDir();
let mesh: TestMesh | undefined;
afterAll(async () => {
  await mesh?.stop();
  await remove();
});

const start = () =>
  startMesh(dir, "--trips", trips, "--speed", "1500", "--trip-limit", String(TRIPS));

async function readTrips(stream: TestMesh["operator"]): Promise<TripEvent[]> {
  const events = await connectEvents({ ...stream, name: "test" });
  try {
    return await readStream(events, streams.trips, "trips.>", (m) => TripEvent.decode(m.data));
  } finally {
    await events.close();
  }
}
const countOf = (events: readonly TripEvent[], name: string) =>
  events.filter((event) => event.body?.$case === name).length;

describe("a restart in the middle of a replay", () => {
  test("keeps trips, streams and what is live, and every trip comes to its end once", async () => {
    mesh = await start();
    const { operator } = mesh;
    const before = await until(
      "some trips are completed, others under way",
      async () => {
        const events = await readTrips(operator);
        return countOf(events, "completed") >= 15 ? events : undefined;
      },
      90_000,
    );
    expect(countOf(before, "requested")).toBeLessThanOrEqual(TRIPS);
    await promoteGreen(operator);
    expect(await mesh.stop()).toMatchObject({ code: 0, left: [] });

    mesh = await start();
    expect(await slotOfQuote(mesh.edge)).toBe("green"); // from the first request
    const again = mesh.operator;
    const after = await until(
      "all trips are completed",
      async () => {
        const events = await readTrips(again);
        return countOf(events, "completed") >= TRIPS ? events : undefined;
      },
      120_000,
    );
    const ids = after.map((event) => event.eventId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(before.map((event) => event.eventId)));
    expect(countOf(after, "requested")).toBe(TRIPS);
    expect(countOf(after, "completed")).toBe(TRIPS);
    expect(await mesh.stop()).toMatchObject({ code: 0, left: [] });
  }, 300_000);
});

/** As a finished blue/green release leaves it: the version is live in the other slot. */
async function promoteGreen(stream: TestMesh["operator"]): Promise<void> {
  const events = await connectEvents({ ...stream, name: "test" });
  const bucket = await openTrafficBucket(events);
  const traffic = await bucket.get("duration");
  if (!traffic?.blue || !traffic.green) throw new Error("no traffic");
  const green = { ...traffic.green, version: "v1", weight: 10_000 };
  await bucket.put({ ...traffic, blue: { ...traffic.blue, weight: 0 }, green });
  await events.close();
}

async function slotOfQuote(edge: string): Promise<string | undefined> {
  const backend = createClient(BackendServiceDefinition, edge);
  try {
    const ride = { pickupZone: 74, dropoffZone: 236, pickupTime: undefined };
    const options = { timeoutMs: 5000, headers: { "x-rider-id": "restart" } };
    const request = { ride: { ...ride, passengerCount: undefined, tripDistanceMiles: undefined } };
    return (await backend.quote(request, options)).estimate?.slot;
  } finally {
    backend.close();
  }
}
