// What it costs to have JetStream make the disk write more often than every two minutes.
import { statfsSync } from "node:fs";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import type { Measurement, Plan, Result, Row } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { quantile, ratio, show, spread } from "./numbers.ts";
import { interleave } from "./rounds.ts";
import { column } from "./samples.ts";
import { eventsOfTrip, publishEvent, type ReadyEvent } from "./trip-events.ts";

/** `sync_interval`s; the first is the server's default. */
const INTERVALS = ["2m", "10s", "1s", "always"];
/** As many as Backend has on their way at once. */
const IN_FLIGHT = 64;
const TRIPS = 1_024;
const TMPFS = 0x01021994;

export const syncCost: Measurement = {
  name: "sync-cost",
  title: "Acknowledged publishes by how often JetStream syncs its files",
  run: measure,
};

interface Sample {
  readonly perSecond: number;
  /** One at a time. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  // Where `mesh up` keeps its streams, not where temporary files are: that may be memory.
  const parent = join(import.meta.dirname, "..", ".mesh");
  const servers = [];
  for (const syncInterval of INTERVALS) {
    const nats = stack.adopt(await startNats("0", { syncInterval, parent }), (it) => it.stop());
    const events = await connectEvents({ url: nats.url, name: "bench" });
    stack.adopt(events, (it) => it.close());
    servers.push({ syncInterval, events });
  }
  const nextEvent = rotate(
    Array.from({ length: TRIPS }, (_, i) => eventsOfTrip(`t${i}`, i)).flat(),
  );
  const samples = await interleave(servers, rounds, ({ events }) =>
    publishWindow(events, nextEvent, windowMs),
  );
  const of = (at: number, what: keyof Sample) => column(samples[at], (s) => s[what]);
  const others = INTERVALS.slice(1).map((interval, i) => ({ interval, at: i + 1 }));
  return {
    rows: INTERVALS.map((interval, at) => syncRow(interval, samples[at] ?? [])),
    verdicts: [
      ...others.map(({ interval, at }) => ({
        what: `publishes/s, ${interval} / default`,
        value: ratio(of(at, "perSecond"), of(0, "perSecond")),
      })),
      ...others.map(({ interval, at }) => ({
        what: `p50 one at a time, ${interval} / default`,
        value: ratio(of(at, "p50Ms"), of(0, "p50Ms")),
      })),
      ...others.map(({ interval, at }) => ({
        what: `p99 one at a time, ${interval} / default`,
        value: ratio(of(at, "p99Ms"), of(0, "p99Ms")),
      })),
    ],
    notes: [diskNote(parent)],
  };
}

/** The events in turn, for ever, each time under another id: a known one would not be stored. */
function rotate(ready: readonly ReadyEvent[]): () => ReadyEvent {
  let next = 0;
  return () => {
    const event = ready[next % ready.length] as ReadyEvent;
    return { ...event, id: `${event.id}:${next++}` };
  };
}

/** Publishes with many in flight for one window, then one at a time for another. */
async function publishWindow(
  events: Events,
  nextEvent: () => ReadyEvent,
  windowMs: number,
): Promise<Sample> {
  let acknowledged = 0;
  const begun = performance.now();
  const publishing = Array.from({ length: IN_FLIGHT }, async () => {
    while (performance.now() - begun < windowMs) {
      await publishEvent(events, nextEvent());
      acknowledged++;
    }
  });
  await Promise.all(publishing);
  const perSecond = (acknowledged / (performance.now() - begun)) * 1000;

  const latenciesMs: number[] = [];
  const singleBegun = performance.now();
  while (performance.now() - singleBegun < windowMs) {
    const sent = performance.now();
    await publishEvent(events, nextEvent());
    latenciesMs.push(performance.now() - sent);
  }
  const sorted = Float64Array.from(latenciesMs).sort();
  await (await jetstreamManager(events.connection)).streams.purge(streams.trips);
  return { perSecond, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}

function syncRow(interval: string, samples: readonly Sample[]): Row {
  return {
    what: interval === INTERVALS[0] ? `${interval} (default)` : interval,
    columns: {
      "publishes/s": show(spread(column(samples, (s) => s.perSecond)), 0),
      "p50 ms": show(spread(column(samples, (s) => s.p50Ms))),
      "p99 ms": show(spread(column(samples, (s) => s.p99Ms))),
    },
  };
}

function diskNote(folder: string): string {
  const { type } = statfsSync(folder);
  const where =
    type === TMPFS
      ? "memory, so nothing was synced"
      : `a file system of type 0x${type.toString(16)}`;
  return `Publishes/s with ${IN_FLIGHT} in flight, latencies one at a time. The streams were on ${where}.`;
}
