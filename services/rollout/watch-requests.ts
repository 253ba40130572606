import { setTimeout as sleep } from "node:timers/promises";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { Slot } from "#kit/traffic/traffic.ts";
import { otherSlot } from "./desired-traffic.ts";
import type { Fact } from "./judge/fact.ts";
import type { RequestCounts } from "./request-counts.ts";

export interface WatchRequestsOptions {
  /** Reads the counters of one Envoy. */
  readonly read: () => Promise<RequestCounts>;
  /** The rollout of duration that is under way. */
  readonly rollout: () => Rollout | undefined;
  /** Revision of duration's traffic. */
  readonly revision: () => bigint;
  readonly tell: (rolloutId: string, fact: Fact) => void;
  /** Whether what fails now is not the candidate's fault: it was killed from outside. */
  readonly isExcused: (rolloutId: string) => boolean;
  readonly log: Logger;
  /** Default 1000. */
  readonly everyMs?: number;
}

type Kind = keyof RequestCounts;

interface Base {
  readonly rolloutId: string;
  readonly counts: RequestCounts | undefined;
  /** The candidate's since then that are not its fault. */
  forgiven: { readonly errors: number; readonly slow: number };
}

const NOTHING = { errors: 0, slow: 0 };

/** Tells the judge what Envoy counts while a version of duration is being released. */
export function watchRequests(options: WatchRequestsOptions): { stop(): Promise<void> } {
  const { read, rollout, revision, tell, isExcused, log, everyMs = 1_000 } = options;
  const stopping = new AbortController();
  let life = 0;
  let before: RequestCounts | undefined;
  /** What was counted before this rollout: another candidate in the same slot, for one. */
  let base: Base | undefined;
  let isAway = false;

  async function look(of: Rollout): Promise<void> {
    const { rolloutId } = of;
    const candidate = of.candidateSlot as Slot;
    const counts = await read();
    const isNewEnvoy = before !== undefined && sum(counts) < sum(before); // counters do not go back
    if (isNewEnvoy) life++;
    const previous = isNewEnvoy ? undefined : before;
    before = counts;
    if (base?.rolloutId !== rolloutId) base = { rolloutId, counts, forgiven: NOTHING };
    else if (isNewEnvoy) base = { rolloutId, counts: undefined, forgiven: NOTHING };
    const grown = (kind: Kind, slot: Slot, since: RequestCounts | undefined) =>
      counts[kind][slot] - (since?.[kind][slot] ?? 0);
    if (isExcused(rolloutId) && previous) {
      base.forgiven = {
        errors: base.forgiven.errors + grown("errors", candidate, previous),
        slow: base.forgiven.slow + grown("slow", candidate, previous),
      };
    }
    const { errors, slow } = base.forgiven;
    // A request that is forgiven was none: it must not make the others' share smaller either.
    const forgiven = { requests: errors, errors, slow };
    const byArm = (kind: Kind) => ({
      candidate: Math.max(0, grown(kind, candidate, base?.counts) - forgiven[kind]),
      base: grown(kind, otherSlot(candidate), base?.counts),
    });
    tell(rolloutId, {
      kind: "operated",
      source: `envoy-${process.pid}-${life}`,
      revision: Number(revision()),
      requests: byArm("requests"),
      errors: byArm("errors"),
      slow: byArm("slow"),
    });
  }

  const over = (async () => {
    while (!stopping.signal.aborted) {
      const of = rollout();
      try {
        if (of) await look(of);
        isAway = false;
      } catch (cause) {
        if (!isAway) log.warn({ err: cause }, "Envoy's counters cannot be read"); // once, it may last
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

function sum({ requests }: RequestCounts): number {
  return requests.blue + requests.green;
}
