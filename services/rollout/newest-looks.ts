import { isDeepStrictEqual } from "node:util";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Judge, Look } from "./judge.ts";
import type { ReleaseLog } from "./release-log.ts";
import { isOver } from "./state.ts";

/** The newest look at each rollout that has not ended; in memory only: the log has those that changed a verdict. */
export interface NewestLooks {
  /** The rollout with its newest look in place of the log's; as it is when it has ended or was not looked at. */
  shown(rollout: Rollout): Rollout;
  /** Calls back after each look that changed a verdict or a number; gives back how to stop that. */
  onLook(listener: (rolloutId: string) => void): () => void;
}

interface Remembered extends Look {
  readonly at: Date;
}

/**
 * A judge whose looks are remembered: one a rollout, replaced by the next, forgotten when the log says that the
 * rollout has ended. One rollout a service is open at a time, so there are never more than services.
 */
export function rememberLooks(
  judge: Judge,
  releases: Pick<ReleaseLog, "rollout" | "onEntry">,
): { readonly judge: Judge; readonly looks: NewestLooks } {
  const newest = new Map<string, Remembered>();
  const listeners = new Set<(rolloutId: string) => void>();
  const hasEnded = (rolloutId: string) => {
    const rollout = releases.rollout(rolloutId);
    return !rollout || isOver(rollout);
  };
  releases.onEntry((rolloutId) => {
    if (hasEnded(rolloutId)) newest.delete(rolloutId);
  });

  return {
    judge: {
      look(rollout, now) {
        const { rolloutId } = rollout;
        const look = judge.look(rollout, now);
        if (hasEnded(rolloutId)) return look; // the turn began before the end
        const before = newest.get(rolloutId);
        newest.set(rolloutId, { ...look, at: now });
        if (isNews(before, look)) for (const listener of listeners) listener(rolloutId);
        return look;
      },
    },
    looks: {
      shown(rollout) {
        const look = newest.get(rollout.rolloutId);
        if (!look || isOver(rollout)) return rollout;
        const { verdict, gates, at, forecast } = look;
        return { ...rollout, verdict, gates, lookTime: at, forecast };
      },
      onLook(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
}

/** A forecast is compared by its rounded words: its wait is another number at every look. */
function isNews(before: Look | undefined, after: Look): boolean {
  return (
    before?.verdict !== after.verdict ||
    before.forecast?.because !== after.forecast?.because ||
    !isDeepStrictEqual(before.gates, after.gates)
  );
}
