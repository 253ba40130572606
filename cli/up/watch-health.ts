import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

export interface WatchHealthOptions {
  /** Where it answers now; a restarted process may have moved. */
  readonly url: () => string | undefined;
  /** It said twice in a row that something is wrong, and what. */
  readonly onSick: (reason: string) => Promise<void>;
  /** Default 5000. */
  readonly everyMs?: number;
}

const answer = z.object({ status: z.string(), error: z.string().optional() });

/**
 * Watches a health endpoint of a process that may be alive and useless: nats-server never writes to a stream
 * again whose disk was full once, until it is started again. One that does not answer is not sick: it may be
 * starting, and a dead one is somebody else's business.
 */
export function watchHealth({ url, onSick, everyMs = 5_000 }: WatchHealthOptions): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();
  const over = (async () => {
    let complaints = 0;
    while (!stopping.signal.aborted) {
      const reason = await complaint(url());
      complaints = reason === undefined ? 0 : complaints + 1;
      if (reason !== undefined && complaints >= 2) {
        complaints = 0;
        await onSick(reason);
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

async function complaint(url: string | undefined): Promise<string | undefined> {
  if (url === undefined) return undefined;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    const { status, error } = answer.parse(await response.json());
    return status === "ok" ? undefined : (error ?? status);
  } catch {
    return undefined; // no answer
  }
}
