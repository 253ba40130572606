import { setTimeout as sleep } from "node:timers/promises";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { type Slot, slots } from "#kit/traffic/traffic.ts";
import { otherSlot } from "./desired-traffic.ts";
import type { Fact } from "./judge/fact.ts";
import type { CountsBySlot, SlotCounts } from "./request-counts.ts";

export interface WatchRequestsOptions {
  /** Reads the counters: of one Envoy, or of the event stream. */
  readonly read: () => Promise<CountsBySlot>;
  /** The rollout of the service that is under way. */
  readonly rollout: () => Rollout | undefined;
  /** Revision of the service's traffic. */
  readonly revision: () => bigint;
  readonly tell: (rolloutId: string, fact: Fact) => void;
  /** Whether what fails now is not the candidate's fault: it was killed from outside. */
  readonly isExcused: (rollout: Rollout) => Promise<boolean>;
  readonly log: Logger;
  /** Default 1000: the judge counts seconds. */
  readonly everyMs?: number;
}

type Kind = keyof SlotCounts;
type Totals = Record<Kind | "slowSeconds" | "redeliveredSeconds", number>;

/** What was counted since the rollout's first stage began, or since the counters did. */
interface Sum {
  readonly rolloutId: string;
  /** Looks so far. */
  looks: number;
  readonly of: Readonly<Record<Slot, Totals>>;
}

/** Looks that only note where the counters are. */
const LOOKS_BEFORE = 2;
const kinds = ["requests", "errors", "timed", "slow", "redelivered"] as const;

/**
 * Tells the judge what is counted of both slots while a version is being released, from its first stage on: what
 * a candidate is asked before that is to warm it.
 */
export function watchRequests(options: WatchRequestsOptions): { stop(): Promise<void> } {
  const { read, rollout, revision, tell, isExcused, log, everyMs = 1_000 } = options;
  const stopping = new AbortController();
  let life = 0;
  let before: CountsBySlot | undefined;
  let sum: Sum | undefined;
  let isAway = false;

  async function look(of: Rollout): Promise<void> {
    const { rolloutId } = of;
    const candidate = of.candidateSlot as Slot;
    const [counts, excused] = [await read(), await isExcused(of)];
    const isNewEnvoy = before !== undefined && hasFallen(counts, before); // counters do not go back
    if (isNewEnvoy) life++;
    if (isNewEnvoy) sum = emptySum(rolloutId, LOOKS_BEFORE);
    else if (sum?.rolloutId !== rolloutId) sum = emptySum(rolloutId, 0);
    // What was counted before this rollout is another candidate's in the same slot, for one. Times come up to a
    // second after their answers, so the second look still sees those that warmed this one.
    const isBefore = sum.looks++ < LOOKS_BEFORE;
    const previous = isNewEnvoy ? undefined : isBefore ? counts : before;
    before = counts;
    addGrowth(sum, { counts, previous, excused: excused ? candidate : undefined });
    const byArm = (kind: keyof Totals) => ({
      candidate: sum?.of[candidate][kind] ?? 0,
      base: sum?.of[otherSlot(candidate)][kind] ?? 0,
    });
    tell(rolloutId, {
      kind: "operated",
      source: `counters-${process.pid}-${life}`,
      revision: Number(revision()),
      requests: byArm("requests"),
      errors: byArm("errors"),
      timed: byArm("timed"),
      slow: byArm("slow"),
      slowSeconds: byArm("slowSeconds"),
      redelivered: byArm("redelivered"),
      redeliveredSeconds: byArm("redeliveredSeconds"),
    });
  }

  const over = (async () => {
    while (!stopping.signal.aborted) {
      const of = rollout();
      try {
        if (of && of.currentStage > 0) await look(of);
        isAway = false;
      } catch (cause) {
        if (!isAway) log.warn({ err: cause }, "the counters cannot be read"); // once, it may last
        isAway = true;
      }
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await over;
    },
  };
}

interface Growth {
  readonly counts: CountsBySlot;
  /** Undefined when the counters began at 0 since then. */
  readonly previous: CountsBySlot | undefined;
  /** Slot whose errors and delays are not its fault at the moment. */
  readonly excused: Slot | undefined;
}

/** Adds what has grown since the last look, in place. */
function addGrowth({ of }: Sum, { counts, previous, excused }: Growth): void {
  const grown = (slot: Slot, kind: Kind) => {
    const now = counts[slot];
    // A durable that was not there before may begin anywhere.
    if (!now || (previous && !previous[slot])) return 0;
    return Math.max(0, now[kind] - (previous?.[slot]?.[kind] ?? 0));
  };
  for (const slot of slots) {
    const isExcused = slot === excused;
    // A request that is forgiven was none: it must not make the others' share smaller either.
    const forgiven = { requests: grown(slot, "errors"), timed: grown(slot, "slow") };
    for (const kind of kinds) {
      if (!isExcused) of[slot][kind] += grown(slot, kind);
      else if (kind === "requests" || kind === "timed") {
        of[slot][kind] += Math.max(0, grown(slot, kind) - forgiven[kind]);
      }
    }
    const isAlone = (kind: Kind) => grown(slot, kind) > 0 && grown(otherSlot(slot), kind) === 0;
    if (excused === undefined && isAlone("slow")) of[slot].slowSeconds++;
    if (excused === undefined && isAlone("redelivered")) of[slot].redeliveredSeconds++;
  }
}

function emptySum(rolloutId: string, looks: number): Sum {
  const nothing = () => ({
    requests: 0,
    errors: 0,
    timed: 0,
    slow: 0,
    slowSeconds: 0,
    redelivered: 0,
    redeliveredSeconds: 0,
  });
  return { rolloutId, looks, of: { blue: nothing(), green: nothing() } };
}

function hasFallen(now: CountsBySlot, before: CountsBySlot): boolean {
  return slots.some((slot) => (now[slot]?.timed ?? 0) < (before[slot]?.timed ?? 0));
}
