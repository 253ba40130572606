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
  readonly log: Logger;
  /** Default 1000. */
  readonly everyMs?: number;
}

/** Tells the judge what Envoy counts while a version of duration is being released. */
export function watchRequests(options: WatchRequestsOptions): { stop(): Promise<void> } {
  const { read, rollout, revision, tell, log, everyMs = 1_000 } = options;
  const stopping = new AbortController();
  let life = 0;
  let before: RequestCounts | undefined;
  /** What was counted before this rollout: another candidate in the same slot, for one. */
  let base: { readonly rolloutId: string; readonly counts: RequestCounts | undefined } | undefined;
  let isAway = false;

  async function look(of: Rollout): Promise<void> {
    const counts = await read();
    const isNewEnvoy = before !== undefined && sum(counts) < sum(before); // counters do not go back
    if (isNewEnvoy) life++;
    before = counts;
    if (base?.rolloutId !== of.rolloutId) base = { rolloutId: of.rolloutId, counts };
    else if (isNewEnvoy) base = { rolloutId: of.rolloutId, counts: undefined };
    const candidate = of.candidateSlot as Slot;
    const byArm = (kind: keyof RequestCounts) => ({
      candidate: counts[kind][candidate] - (base?.counts?.[kind][candidate] ?? 0),
      base: counts[kind][otherSlot(candidate)] - (base?.counts?.[kind][otherSlot(candidate)] ?? 0),
    });
    tell(of.rolloutId, {
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
