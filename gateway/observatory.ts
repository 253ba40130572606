import type { Logger } from "#kit/telemetry/log.ts";
import { type Latency, noLatency } from "./envoy-latency.ts";
import type { LiveFeed } from "./live-feed.ts";
import { createRideWindow } from "./ride-window.ts";
import { describeRides, type Point, type Snapshot } from "./snapshot.ts";
import type { StoredTrips } from "./stored.ts";
import type { Versions } from "./versions.ts";

const RECENT = 4000; // trip events that a fresh gateway reads, so that the console is not empty
const MAX_POINTS = 300; // five minutes
const RATE_OVER = 5; // points; one second alone is too jumpy to read

export interface ObservatoryDependencies {
  readonly feed: LiveFeed;
  readonly stored: StoredTrips;
  readonly versions: Versions;
  readonly readWaiting: () => Promise<Readonly<Record<string, number>>>;
  /** Undefined where no Envoy is to be asked. */
  readonly readLatency: (() => Promise<Latency>) | undefined;
  readonly watchers: () => number;
  readonly trips: Snapshot["trips"];
  readonly log: Logger;
}

/** Sees everything that happens and keeps what an operator wants to know, within bounds. */
export interface Observatory {
  /** The state now; `undefined` before the first second. */
  latest(): Snapshot | undefined;
  /** The numbers of the last minutes, oldest first. */
  history(): readonly Point[];
  /** Calls back every second with the new state; the function that is returned stops it. */
  watch(changed: (snapshot: Snapshot) => void): () => void;
  stop(): void;
}

export function openObservatory(dependencies: ObservatoryDependencies): Observatory {
  const { feed, stored, versions, watchers, trips, log } = dependencies;
  const rides = createRideWindow();
  const listeners = new Set<(snapshot: Snapshot) => void>();
  const history: Point[] = [];
  const counts: { trips: number; events: number }[] = [{ trips: 0, events: 0 }];
  let latest: Snapshot | undefined;

  const readRecent = async () => {
    try {
      const recent = await stored.readRecent(RECENT);
      for (const { event } of recent.events) rides.event(event);
      for (const { prediction } of recent.predictions) rides.prediction(prediction);
    } catch (cause) {
      log.warn({ err: cause }, "the recent past could not be read");
    }
  };
  const unlisten = feed.listen({
    event(event) {
      rides.event(event);
      const current = counts.at(-1);
      if (current) current.events += 1;
      if (current && event.body?.$case === "requested") current.trips += 1;
      const estimate = event.body?.$case === "requested" ? event.body.value.estimate : undefined;
      if (estimate) versions.answered("duration", estimate.version);
    },
    prediction(prediction) {
      rides.prediction(prediction);
      versions.answered(prediction.service, prediction.version);
    },
    resumed: () => void readRecent(),
  });
  void readRecent();

  const measure = async () => {
    const [waiting, latency] = await Promise.all([
      dependencies.readWaiting().catch(() => undefined), // shown as not known
      dependencies.readLatency?.().catch(() => noLatency) ?? noLatency,
    ]);
    const described = describeRides(rides);
    const point: Point = {
      at: Math.round(Date.now() / 1000),
      ...ratesOf(counts),
      ...latency,
      errorFirst: described.errors.first,
      errorCorrected: described.errors.corrected,
      waiting: waiting ? Object.values(waiting).reduce((sum, n) => sum + n, 0) : null,
    };
    push(history, point, MAX_POINTS);
    push(counts, { trips: 0, events: 0 }, RATE_OVER + 1);
    latest = {
      trips,
      ...described,
      versions: versions.describe(),
      waiting: waiting ?? {},
      watchers: watchers(),
      point,
    };
    for (const changed of listeners) changed(latest);
  };
  const ticking = everySecond(measure, log);

  return {
    latest: () => latest,
    history: () => history,
    watch(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    stop() {
      ticking.stop();
      unlisten();
    },
  };
}

/** One after the other: a slow answer delays the next question instead of piling up. */
function everySecond(work: () => Promise<void>, log: Logger): { stop(): void } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const tick = async () => {
    await work().catch((cause: unknown) => log.warn({ err: cause }, "no snapshot this second"));
    if (!stopped) timer = setTimeout(() => void tick(), 1000);
  };
  void tick();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function ratesOf(counts: readonly { trips: number; events: number }[]) {
  const mean = (pick: (count: { trips: number; events: number }) => number) =>
    Math.round((counts.reduce((sum, count) => sum + pick(count), 0) / counts.length) * 10) / 10;
  return { tripsPerSecond: mean((c) => c.trips), eventsPerSecond: mean((c) => c.events) };
}

function push<T>(list: T[], item: T, limit: number): void {
  list.push(item);
  if (list.length > limit) list.shift();
}
