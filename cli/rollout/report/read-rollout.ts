import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Events } from "#kit/events/connect.ts";
import { readAll } from "../../../services/rollout/release-log.ts";
import { applyEntry, isOver } from "../../../services/rollout/state.ts";
import { Problem } from "../../problem.ts";

/** A rollout as the stream `RELEASES` has it, and when it ended, by the server's clock. */
export interface ReadRollout {
  readonly rollout: Rollout;
  readonly endedAt: Date | undefined;
}

/** Reads the log of one rollout; fails in a sentence when there is none. */
export async function readRollout(events: Events, rolloutId: string): Promise<ReadRollout> {
  let rollout: Rollout | undefined;
  let endedAt: Date | undefined;
  for await (const { entry } of readAll(events, rolloutId)) {
    rollout = applyEntry(rollout, entry);
    if (rollout && isOver(rollout)) endedAt ??= entry.time;
  }
  if (!rollout) throw new Problem(`There is no rollout ${rolloutId}: see mesh rollout list.`);
  return { rollout, endedAt };
}
