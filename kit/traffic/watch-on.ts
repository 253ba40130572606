import { setTimeout as sleep } from "node:timers/promises";
import type { KV, KvEntry, KvWatchEntry } from "@nats-io/kv";
import type { Events } from "#kit/events/connect.ts";
import type { Logger } from "#kit/telemetry/log.ts";

export interface WatchOnOptions {
  /** One key; all of them when none is named. */
  readonly key?: string;
  readonly changed: (entry: KvEntry) => void;
  readonly log: Logger;
}

const AGAIN_MS = 500;

/**
 * Watches a bucket: the values as they are now, then each change, until it is stopped; each revision of a key once.
 *
 * After each reconnection it begins anew with the values as they are then. The library's watcher asks the server for
 * its old consumer first, and when that question is lost, because a server that was killed is not ready yet, it waits
 * for half a minute and more: so long riders would be shared by old weights. Fails when the first watch cannot begin.
 */
export async function watchOn(
  { connection }: Events,
  kv: KV,
  { key, changed, log }: WatchOnOptions,
): Promise<{ stop(): void }> {
  const seen = new Map<string, number>();
  const stopping = new AbortController();
  type Watch = Awaited<ReturnType<KV["watch"]>>;
  let current: Watch | undefined;

  const begin = async () => {
    const next = await kv.watch(key === undefined ? {} : { key });
    if (stopping.signal.aborted) return next.stop();
    current = next;
    read(next).catch((cause: unknown) => log.error({ err: cause }, "a watched bucket is not read"));
  };

  async function read(from: AsyncIterable<KvWatchEntry>): Promise<void> {
    for await (const entry of from) {
      if (from !== current) return; // another one has begun where this one was
      if (seen.get(entry.key) === entry.revision) continue;
      seen.set(entry.key, entry.revision);
      try {
        changed(entry);
      } catch (cause) {
        log.error({ err: cause, key: entry.key }, "a value of a bucket cannot be taken");
      }
    }
  }

  async function beginAgain(): Promise<void> {
    current?.stop();
    current = undefined;
    while (!stopping.signal.aborted) {
      try {
        return await begin();
      } catch (cause) {
        log.warn({ err: cause }, "a bucket cannot be watched: again");
        await sleep(AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  await begin();
  const statuses = connection.status();
  void (async () => {
    for await (const { type } of statuses) if (type === "reconnect") await beginAgain();
  })();
  return {
    stop() {
      stopping.abort();
      (statuses as AsyncIterable<unknown> & { stop?: () => void }).stop?.();
      current?.stop();
    },
  };
}
