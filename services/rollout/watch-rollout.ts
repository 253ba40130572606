import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type {
  WatchRolloutRequest,
  WatchRolloutResponse,
} from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import type { CallContext } from "#kit/rpc/handlers.ts";
import type { NewestLooks } from "./newest-looks.ts";
import type { ReleaseLog } from "./release-log.ts";
import { isOver } from "./state.ts";

export interface WatchOptions {
  /** The rollout as it is shown now; fails with NOT_FOUND for an unknown one. */
  readonly shown: (rolloutId: string) => Rollout;
  readonly releases: Pick<ReleaseLog, "onEntry">;
  readonly looks: Pick<NewestLooks, "onLook">;
  /** Least time between messages for looks that changed no more than a number, ms. */
  readonly lookEveryMs: number;
}

/**
 * The rollout as it is, then after every entry of its log, and where asked for after looks; until it is cleaned up.
 * A slow reader gets the newest state, never a queue of old ones.
 */
export async function* watchRollout(
  { rolloutId, everyLook }: WatchRolloutRequest,
  context: Pick<CallContext, "signal" | "cancelled">,
  { shown, releases, looks, lookEveryMs }: WatchOptions,
): AsyncGenerator<WatchRolloutResponse> {
  let changed = Promise.withResolvers<void>();
  const leave = () => changed.resolve();
  const stopEntries = releases.onEntry((id) => {
    if (id === rolloutId) changed.resolve();
  });
  let sentAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const stopLooks = looks.onLook((id) => {
    if (id !== rolloutId || !everyLook || timer) return;
    timer = setTimeout(leave, Math.max(0, sentAtMs + lookEveryMs - performance.now()));
  });
  context.signal.addEventListener("abort", leave);
  try {
    for (;;) {
      const rollout = shown(rolloutId);
      clearTimeout(timer);
      timer = undefined;
      changed = Promise.withResolvers();
      sentAtMs = performance.now();
      yield { rollout };
      if (context.cancelled || (isOver(rollout) && rollout.cleanedUp)) return;
      await changed.promise;
      if (context.cancelled) return;
    }
  } finally {
    clearTimeout(timer);
    stopEntries();
    stopLooks();
    context.signal.removeEventListener("abort", leave);
  }
}
