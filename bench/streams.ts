// A thousand open update streams on one gateway, by both ways: what they cost and how late the last reader is.
import { connectEvents } from "#kit/events/connect.ts";
import { SERVER_CORE } from "./cores.ts";
import type { Measurement, Plan, Result, Row } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { type Spread, show, spread } from "./numbers.ts";
import { memoryMb } from "./proc.ts";
import { type Service, startBackend, startGateway } from "./services.ts";
import {
  type Corrections,
  createCorrections,
  requestTrips,
  type WatchedTrip,
} from "./stream-load.ts";
import { openReaders, type StreamReaders } from "./stream-readers.ts";

const STREAMS = 1000;
const UPDATES_PER_SECOND = 500;
const NOBODY = "127.0.0.1:9"; // trips get their estimate from the baseline: no model is measured here

type Via = "direct" | "backend";

export const streams: Measurement = {
  name: "streams",
  title: `${STREAMS} open update streams on one gateway`,
  run: measure,
};

async function measure(plan: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.adopt(await startNats("0,1"), (it) => it.stop());
  const backend = stack.adopt(await startBackend(nats.url, NOBODY), (it) => it.stop());
  const connecting = connectEvents({ url: nats.url, name: "bench" });
  const events = stack.adopt(await connecting, (it) => it.connection.close());
  const trips = await requestTrips(backend.address, STREAMS);
  const corrections = createCorrections(events);
  const found: Found[] = [];
  for (const via of ["direct", "backend"] as const) {
    await using gateway = adopt(await startGateway(nats.url, backend.address, SERVER_CORE));
    found.push(await measureWay({ via, gateway, backend, trips, corrections }, plan));
  }
  return {
    rows: found.map(toRow),
    verdicts: found.flatMap(({ via, streamKb, lastMs }) => [
      { what: `${via}: memory of a stream`, value: streamKb, unit: "KiB" },
      { what: `${via}: until the last of ${STREAMS} has it`, value: lastMs, unit: "ms" },
    ]),
    notes: [
      `Delay and processor time: ${UPDATES_PER_SECOND} updates a second in all, each to the one reader of its trip.`,
      "Until the last has it: from the publishing of one update, all streams being of one trip.",
      "Memory: what the gateway's resident memory grew by while the streams were opened.",
    ],
  };
}

function adopt(service: Service): Service & AsyncDisposable {
  return { ...service, [Symbol.asyncDispose]: service.stop };
}

interface Scene {
  readonly via: Via;
  readonly gateway: Service;
  readonly backend: Service;
  readonly trips: readonly WatchedTrip[];
  readonly corrections: Corrections;
}

interface Found {
  readonly via: Via;
  readonly openMs: number;
  readonly streamKb: Spread;
  readonly lastMs: Spread;
  readonly steady: readonly Awaited<ReturnType<Corrections["steadily"]>>[];
}

async function measureWay(scene: Scene, { rounds, windowMs }: Plan): Promise<Found> {
  const { via, gateway, backend, trips, corrections } = scene;
  await (await open(scene, trips.slice(0, 20))).close(); // connects to Backend; does not count

  const beforeMb = memoryMb(gateway.pid).resident;
  const started = performance.now();
  const readers = await open(scene, trips);
  const openMs = performance.now() - started;
  const grownMb = memoryMb(gateway.pid).resident - beforeMb;
  const steady: Found["steady"][number][] = [];
  const pids = [gateway.pid, backend.pid];
  const perSecond = UPDATES_PER_SECOND;
  for (let round = 0; round <= rounds; round++) {
    steady.push(await corrections.steadily({ trips, perSecond, windowMs, pids }));
  }
  await readers.close();
  return {
    via,
    openMs,
    streamKb: spread([(grownMb * 1024) / STREAMS]),
    lastMs: spread(await measureCrowd(scene, rounds)),
    steady: steady.slice(1), // the first warms up
  };
}

/** From one update of a trip that everybody watches to the last reader, ms, each time. */
async function measureCrowd(scene: Scene, rounds: number): Promise<number[]> {
  const { corrections } = scene;
  const [trip = { tripId: "", riderId: "" }] = scene.trips;
  const crowd = await open(
    scene,
    scene.trips.map(() => trip),
  );
  const took: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const sent = performance.now();
    took.push((await crowd.all(corrections.correct(trip.tripId))) - sent);
  }
  await crowd.close();
  return took.slice(1); // the first warms up
}

/** Opens a stream for each of the trips, all at once; resolves when each has its first duration. */
async function open(
  { via, gateway, corrections }: Scene,
  trips: readonly WatchedTrip[],
): Promise<StreamReaders> {
  const paths = trips.map((t) => `/v1/trips/${t.tripId}/updates?via=${via}&rider=${t.riderId}`);
  const readers = openReaders(gateway.address, paths, corrections.arrived);
  await readers.all(1);
  return readers;
}

function toRow({ via, openMs, steady }: Found): Row {
  const over = (of: (window: Found["steady"][number]) => number) => show(spread(steady.map(of)), 1);
  return {
    what: via,
    columns: {
      "open all ms": openMs.toFixed(0),
      "delay p50 ms": over(({ p50Ms }) => p50Ms),
      "delay p99 ms": over(({ p99Ms }) => p99Ms),
      "gateway % of a core": over(({ cpuPercent }) => cpuPercent[0] ?? Number.NaN),
      "Backend's": over(({ cpuPercent }) => cpuPercent[1] ?? Number.NaN),
    },
  };
}
