// What the console knows of releases: asked for every second while somebody looks, less often otherwise.
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { modelServices } from "#kit/traffic/traffic.ts";
import { type CurvePoint, withPoint } from "./curve.ts";
import type { EnvoySlots } from "./envoy-slots.ts";
import type { Rollouts } from "./read-rollouts.ts";
import { serviceView } from "./service-view.ts";
import { isOver, pastRollout, pointOf, pointsOfDecisions, rolloutView } from "./to-view.ts";
import type { OpenRollout, ReleasesView } from "./view.ts";

/** While a console is open. */
const WATCHED_MS = 1_000;
/** While none is, so that a console that is opened late sees the curve. */
const UNWATCHED_MS = 5_000;
/** Curves kept: of the open rollouts, and of the last ones that have ended. */
const MAX_CURVES = 24;

export interface ReleasesDependencies {
  readonly readRollouts: () => Promise<Rollouts>;
  /** Undefined where no Envoy is to be asked. */
  readonly readEnvoy: (() => Promise<EnvoySlots>) | undefined;
  /** Envoy's admin, for the command that clears what is set by hand. */
  readonly admin: string | undefined;
  readonly log: Logger;
}

export interface Releases {
  /** The state now; undefined before the first answer of anybody. */
  latest(): ReleasesView | undefined;
  /** The points of the open rollouts so far, by rollout. */
  curves(): Readonly<Record<string, readonly CurvePoint[]>>;
  /** The points of a rollout: what was seen of it, and what its decisions rest on. */
  curveOf(rollout: Rollout): readonly CurvePoint[];
  /** The traffic of a service as stored. */
  traffic(service: string): Traffic | undefined;
  trafficChanged(traffic: Traffic): void;
  /** Calls back with each change; the function that is returned stops it. */
  watch(changed: (view: ReleasesView) => void): () => void;
  /** Asks again now, after a command. */
  refresh(): void;
  stop(): void;
}

export function openReleases(dependencies: ReleasesDependencies): Releases {
  const { readRollouts, readEnvoy, admin, log } = dependencies;
  const listeners = new Set<(view: ReleasesView) => void>();
  const traffics = new Map<string, Traffic>();
  const curves = new Map<string, readonly CurvePoint[]>();
  let rollouts: Rollouts | undefined;
  let envoy: EnvoySlots | undefined;
  let problem: string | null = null;
  let latest: ReleasesView | undefined;
  let said = "";

  const describe = (): ReleasesView => ({
    problem,
    known: rollouts !== undefined,
    services: modelServices.flatMap((service) => {
      const traffic = traffics.get(service);
      return traffic ? [serviceView(traffic, envoy, admin)] : [];
    }),
    open: rollouts?.open.map(openRollout) ?? [],
    history:
      rollouts?.newest
        .filter(isOver)
        .map(pastRollout)
        .toSorted((a, b) => b.endedAt - a.endedAt) ?? [],
  });
  const openRollout = (rollout: Rollout): OpenRollout => ({
    ...rolloutView(rollout),
    point: curves.get(rollout.rolloutId)?.at(-1) ?? null,
  });
  const tell = () => {
    latest = describe();
    const text = JSON.stringify(latest);
    if (text === said) return;
    said = text;
    for (const changed of listeners) changed(latest);
  };
  const takePoints = (rollout: Rollout) => {
    const { rolloutId, gates, lookTime = new Date() } = rollout;
    const now = isOver(rollout) ? undefined : pointOf(gates, lookTime);
    // The decisions have looks that were not asked for in time, above all the last one.
    const points = [...pointsOfDecisions(rollout), ...(now ? [now] : [])];
    const before = curves.get(rolloutId) ?? [];
    curves.delete(rolloutId); // so that the oldest in the map is the one asked about longest ago
    curves.set(rolloutId, joined(before, points));
    const [oldest] = curves.keys();
    if (curves.size > MAX_CURVES && oldest !== undefined) curves.delete(oldest);
  };
  const askRollouts = async () => {
    try {
      rollouts = await readRollouts();
      problem = null;
      rollouts.open.forEach(takePoints);
    } catch (cause) {
      if (problem === null) log.warn({ err: cause }, "the rollout service does not answer");
      const { code, message } = MeshError.from(cause);
      problem = code === "DEADLINE_EXCEEDED" ? "no answer in time" : message; // else a list of addresses
    }
    tell();
  };
  const askEnvoy = async () => {
    if (listeners.size === 0) return;
    envoy = await readEnvoy?.().catch(() => undefined); // shown as not known
    tell();
  };
  const period = () => (listeners.size > 0 ? WATCHED_MS : UNWATCHED_MS);
  // Each on its own: neither is to be unknown because the other does not answer.
  const loops = [repeat(askRollouts, period, log), repeat(askEnvoy, period, log)];
  const askNow = () => {
    for (const loop of loops) loop.now();
  };

  return {
    latest: () => latest,
    curves: () =>
      Object.fromEntries(
        rollouts?.open.map(({ rolloutId }) => [rolloutId, curves.get(rolloutId) ?? []]) ?? [],
      ),
    curveOf: (rollout) => joined(curves.get(rollout.rolloutId) ?? [], pointsOfDecisions(rollout)),
    traffic: (service) => traffics.get(service),
    trafficChanged(traffic) {
      traffics.set(traffic.service, traffic);
      tell();
    },
    watch(changed) {
      listeners.add(changed);
      if (listeners.size === 1) askNow();
      return () => listeners.delete(changed);
    },
    refresh: askNow,
    stop() {
      for (const loop of loops) loop.stop();
    },
  };
}

function joined(before: readonly CurvePoint[], points: readonly CurvePoint[]) {
  return points.reduce((curve, point) => withPoint(curve, point), before);
}

interface Repeated {
  /** Does it at once, or, if it is being done, once more after that. */
  now(): void;
  stop(): void;
}

/** One after the other: a slow answer delays the next question instead of piling up. */
function repeat(work: () => Promise<void>, everyMs: () => number, log: Logger): Repeated {
  let isStopped = false;
  let isBusy = false;
  let isWanted = false;
  let timer: NodeJS.Timeout | undefined;
  const run = async () => {
    clearTimeout(timer);
    isBusy = true;
    isWanted = false;
    await work().catch((cause: unknown) => log.warn({ err: cause }, "no news of releases"));
    isBusy = false;
    if (!isStopped) timer = setTimeout(() => void run(), isWanted ? 0 : everyMs());
  };
  void run();
  return {
    now() {
      isWanted = true;
      if (!isBusy && !isStopped) void run();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
