import { JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import type { Events } from "#kit/events/connect.ts";
import { eventHeaders } from "#kit/events/headers.ts";
import { releaseSubject, streams } from "#kit/events/subjects.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { applyEntry } from "./state.ts";

/** What happened to a rollout, without where and when. */
export type EntryBody = NonNullable<ReleaseEntry["body"]>;

/** Every rollout there ever was, as the stream `RELEASES` has it. */
export interface ReleaseLog {
  rollout(rolloutId: string): Rollout | undefined;
  /** The traffic as a rollout has handed it out, oldest first. */
  traffics(rolloutId: string): readonly Traffic[];
  /** Newest first. */
  rollouts(): readonly Rollout[];
  /**
   * Stores an entry and gives back the rollout after it. Fails with ABORTED when somebody else has written
   * meanwhile: what was to be decided rests on an old state.
   */
  append(rolloutId: string, body: EntryBody): Promise<Rollout | undefined>;
  /** Calls back after each entry; gives back how to stop that. */
  onEntry(listener: (rolloutId: string, entry: ReleaseEntry) => void): () => void;
}

const WRONG_LAST_SEQUENCE = 10_071;
const DAYS_KEPT_IN_MEMORY = 400; // what the stream keeps, and a little more

/** Reads the whole stream; then this process is the only one that writes it. */
export async function openReleaseLog(
  events: Events,
  now: () => Date = () => new Date(),
): Promise<ReleaseLog> {
  const rollouts = new Map<string, Rollout>();
  const traffics = new Map<string, Traffic[]>();
  const lastSeq = new Map<string, number>();
  const listeners = new Set<(rolloutId: string, entry: ReleaseEntry) => void>();

  const take = (entry: ReleaseEntry, seq: number) => {
    const { rolloutId } = entry;
    lastSeq.set(rolloutId, seq);
    const after = applyEntry(rollouts.get(rolloutId), entry);
    if (after) rollouts.set(rolloutId, after);
    if (entry.body?.$case === "push" && entry.body.value.traffic) {
      traffics.set(rolloutId, [...(traffics.get(rolloutId) ?? []), entry.body.value.traffic]);
    }
    return after;
  };
  const oldest = now().getTime() - DAYS_KEPT_IN_MEMORY * 86_400_000;
  for await (const { entry, seq } of readAll(events)) {
    if ((entry.time?.getTime() ?? 0) >= oldest) take(entry, seq);
  }

  return {
    rollout: (rolloutId) => rollouts.get(rolloutId),
    traffics: (rolloutId) => traffics.get(rolloutId) ?? [],
    rollouts: () =>
      [...rollouts.values()].toSorted(
        (a, b) => (b.createTime?.getTime() ?? 0) - (a.createTime?.getTime() ?? 0),
      ),
    async append(rolloutId, body) {
      const entry: ReleaseEntry = { rolloutId, time: now(), body };
      const previous = lastSeq.get(rolloutId) ?? 0;
      const id = `${rolloutId}:${previous}`; // one entry can follow an entry
      try {
        const { seq } = await events.js.publish(
          releaseSubject(rolloutId),
          ReleaseEntry.encode(entry).finish(),
          {
            msgID: id,
            retries: 3,
            expect: { lastSubjectSequence: previous },
            headers: eventHeaders({
              id,
              type: `tripmesh.release.${body.$case}`,
              source: "rollout",
              subject: rolloutId,
              time: now(),
            }),
          },
        );
        const after = take(entry, seq);
        for (const listener of listeners) listener(rolloutId, entry);
        return after;
      } catch (cause) {
        if (cause instanceof JetStreamApiError && cause.code === WRONG_LAST_SEQUENCE) {
          throw new MeshError("ABORTED", `somebody else has written the log of ${rolloutId}`, {
            cause,
          });
        }
        throw new MeshError("UNAVAILABLE", "the log of releases cannot be written", { cause });
      }
    },
    onEntry(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Every entry, oldest first; also for those who only want to print it. */
export async function* readAll(
  events: Events,
  rolloutId?: string,
): AsyncGenerator<{ entry: ReleaseEntry; seq: number }> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  const subject = rolloutId === undefined ? "releases.>" : releaseSubject(rolloutId);
  const { state } = await manager.streams.info(streams.releases, { subjects_filter: subject });
  let left = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
  if (left === 0) return;
  const consumer = await events.js.consumers.get(streams.releases, { filter_subjects: [subject] });
  const messages = await consumer.consume();
  for await (const message of messages) {
    yield { entry: ReleaseEntry.decode(message.data), seq: message.seq };
    left--;
    if (left === 0) break;
  }
  await messages.close();
}
