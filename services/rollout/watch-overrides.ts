import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "#kit/telemetry/log.ts";

export interface WatchOverridesOptions {
  /** Runtime keys that somebody has set by hand in Envoy. */
  readonly read: () => Promise<readonly string[]>;
  /** Whether anybody wants to know. */
  readonly isWanted: () => boolean;
  readonly log: Logger;
  /** Default 1000. */
  readonly everyMs?: number;
}

export interface Overrides {
  /** Keys of a service's traffic that are set by hand, as last read: weights that were pushed are not in force. */
  of(service: string): readonly string[];
  stop(): Promise<void>;
}

/**
 * Looks for what is set by hand in Envoy, where it hides every push. Known beforehand, so that no decision waits for
 * it; an Envoy that does not answer keeps what was read last.
 */
export function watchOverrides(options: WatchOverridesOptions): Overrides {
  const { read, isWanted, log, everyMs = 1_000 } = options;
  const stopping = new AbortController();
  let found: readonly string[] = [];
  let isAway = false;

  const over = (async () => {
    while (!stopping.signal.aborted) {
      try {
        if (isWanted()) found = await read();
        isAway = false;
      } catch (cause) {
        if (!isAway) log.warn({ err: cause }, "Envoy's runtime cannot be read"); // once, it may last
        isAway = true;
      }
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    // `traffic.<service>.<cluster>`, `segment.…`, `mirror.…`
    of: (service) => found.filter((key) => key.split(".")[1] === service),
    async stop() {
      stopping.abort();
      await over;
    },
  };
}
