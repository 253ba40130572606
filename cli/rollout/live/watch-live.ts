import { setTimeout as sleep } from "node:timers/promises";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { isOver } from "../../../services/rollout/state.ts";
import { callRollout, type RolloutClient } from "../../client/call-rollout.ts";
import type { CommandContext } from "../../commands/context.ts";
import { createStyle } from "../../output/style.ts";
import { Problem } from "../../problem.ts";
import { watchStopSignals } from "../../up/stop-signals.ts";
import { addLook, historyOf } from "./history.ts";
import { openScreen, type Screen } from "./screen.ts";
import { viewLines, type Watched } from "./view.ts";

export interface WatchLiveOptions {
  /** Where the rollout service is now: after a restart of the mesh it may be elsewhere. */
  readonly address: () => string;
  readonly context: CommandContext;
  /** For so long a service that has gone is looked for again, ms. Default ten minutes. */
  readonly patienceMs?: number;
}

const WATCH_MS = 20 * 86_400_000; // longer does not fit into a timer
const TIMEOUT_MS = 5_000;
const AGAIN_MS = 1_000;

/**
 * Draws a rollout over and over until it has ended or a signal comes, and leaves the last picture and how to go on.
 * A rollout service that goes away is looked for again; the rollout does not need this view.
 */
export async function watchLive(
  rolloutId: string,
  { address, context, patienceMs = 600_000 }: WatchLiveOptions,
): Promise<void> {
  const style = createStyle(context.stdout, context.env);
  const signals = watchStopSignals(context.signals, () => performance.now());
  const leaving = new AbortController();
  void signals.stop.then(() => leaving.abort());
  let watched: Watched | undefined;
  let screen: Screen | undefined;

  const picture = (columns: number, rows: number) =>
    watched ? viewLines(watched, { columns, rows, style }) : [];
  const draw = () => {
    screen ??= openScreen(context.stdout, draw);
    screen.show(picture(screen.columns, screen.rows));
  };
  const take = async (rollout: Rollout, client: RolloutClient) => {
    const history = addLook(watched?.history ?? historyOf(rollout), rollout);
    const { traffic } = await client.getTraffic(
      { service: rollout.service },
      { timeoutMs: TIMEOUT_MS, signal: leaving.signal },
    );
    watched = { rollout, history, traffic: traffic[0] };
    draw();
  };
  const follow = () =>
    callRollout(address(), async (client) => {
      const changes = client.watchRollout(
        { rolloutId, everyLook: true },
        { timeoutMs: WATCH_MS, signal: leaving.signal },
      );
      for await (const { rollout } of changes) if (rollout) await take(rollout, client);
    });

  try {
    let seenAtMs = performance.now();
    while (!leaving.signal.aborted) {
      try {
        await follow();
        break;
      } catch (cause) {
        if (leaving.signal.aborted) break;
        if (!watched || !isAway(cause)) throw cause;
        if (!watched.trouble) seenAtMs = performance.now();
        if (performance.now() - seenAtMs > patienceMs) throw cause;
        const trouble =
          "The rollout service does not answer; looking for it. Below is what it said last.";
        watched = { ...watched, trouble };
        draw();
        await sleep(AGAIN_MS, undefined, { signal: leaving.signal }).catch(() => undefined); // left
      }
    }
  } finally {
    signals.close();
    screen?.leave();
    for (const line of picture(screen?.columns ?? 80, Number.POSITIVE_INFINITY))
      context.print(line);
  }
  const rollout = watched?.rollout;
  if (leaving.signal.aborted && !(rollout && isOver(rollout))) {
    context.print("");
    context.print(
      `The rollout goes on without this view. Back to it: mesh rollout watch ${rolloutId}`,
    );
    context.print(`To take the candidate away: mesh rollout abort ${rolloutId} --why "…"`);
  }
}

/** A server that is stopped in order cancels its streams before it is gone. */
function isAway(cause: unknown): boolean {
  const original = cause instanceof Problem ? cause.cause : cause;
  if (!(original instanceof MeshError)) return false;
  return original.code === "UNAVAILABLE" || original.code === "CANCELLED";
}
