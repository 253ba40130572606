import { randomUUID } from "node:crypto";
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

/** What is to be written, from the rollout as it is when its turn has come; undefined: nothing any more. */
export type NextEntry = (now: Rollout | undefined) => EntryBody | undefined;

/** Every rollout there ever was, as the stream `RELEASES` has it. */
export interface ReleaseLog {
  rollout(rolloutId: string): Rollout | undefined;
  /** The traffic as a rollout has handed it out, oldest first. */
  traffics(rolloutId: string): readonly Traffic[];
  /** What people have set by hand, as they wanted it, oldest first; whether it was done is another question. */
  shifts(): readonly Traffic[];
  /** Newest first. */
  rollouts(): readonly Rollout[];
  /**
   * Stores an entry and gives back the rollout after it. Entries of one log are written one after the other, so a
   * decision given as a function rests on what was written last. Fails with UNAVAILABLE when it is not known to
   * be stored: whether it was is found out before the next one. Fails with `ForeignWriter` for good.
   */
  append(rolloutId: string, next: EntryBody | NextEntry): Promise<Rollout | undefined>;
  /** Calls back after each entry; gives back how to stop that. */
  onEntry(listener: (rolloutId: string, entry: ReleaseEntry) => void): () => void;
}

/** Another process writes the log, too: this one must not go on. */
export class ForeignWriter extends MeshError {
  constructor(rolloutId: string, cause?: unknown) {
    super("ABORTED", `somebody else has written the log of ${rolloutId}`, { cause });
    this.name = "ForeignWriter";
  }
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
  const shifts: Traffic[] = [];
  const lastSeq = new Map<string, number>();
  const listeners = new Set<(rolloutId: string, entry: ReleaseEntry) => void>();
  /** Entries of which it is not known whether they were stored, by rollout. */
  const unsure = new Map<string, Set<string>>();
  const turns = new Map<string, Promise<unknown>>();

  const take = (entry: ReleaseEntry, seq: number) => {
    const { rolloutId } = entry;
    lastSeq.set(rolloutId, seq);
    const after = applyEntry(rollouts.get(rolloutId), entry);
    if (after) rollouts.set(rolloutId, after);
    if (entry.body?.$case === "push" && entry.body.value.traffic) {
      traffics.set(rolloutId, [...(traffics.get(rolloutId) ?? []), entry.body.value.traffic]);
    }
    if (entry.body?.$case === "shift" && entry.body.value.traffic) {
      shifts.push(entry.body.value.traffic);
    }
  };
  const tell = (rolloutId: string, entry: ReleaseEntry) => {
    for (const listener of listeners) listener(rolloutId, entry);
  };
  const oldest = now().getTime() - DAYS_KEPT_IN_MEMORY * 86_400_000;
  for await (const { entry, seq } of readAll(events)) {
    if ((entry.time?.getTime() ?? 0) >= oldest) take(entry, seq);
  }

  /** Takes own entries that were stored although nobody said so; gives back whether there was one. */
  async function catchUp(rolloutId: string, mine: ReadonlySet<string>): Promise<boolean> {
    const known = lastSeq.get(rolloutId) ?? 0;
    let isNews = false;
    for await (const { entry, seq, id } of readAll(events, rolloutId)) {
      if (seq <= known) continue;
      if (!mine.has(id)) throw new ForeignWriter(rolloutId);
      take(entry, seq);
      tell(rolloutId, entry);
      isNews = true;
    }
    return isNews;
  }

  async function write(rolloutId: string, next: NextEntry): Promise<Rollout | undefined> {
    const mine = unsure.get(rolloutId);
    if (mine) await reach(() => catchUp(rolloutId, mine));
    const body = next(rollouts.get(rolloutId));
    if (!body) return rollouts.get(rolloutId);
    const entry: ReleaseEntry = { rolloutId, time: now(), body };
    const id = randomUUID();
    try {
      const seq = await publish(events, entry, { id, previous: lastSeq.get(rolloutId) ?? 0 });
      take(entry, seq);
      unsure.delete(rolloutId);
      tell(rolloutId, entry);
      return rollouts.get(rolloutId);
    } catch (cause) {
      if (isWrongLast(cause)) {
        // An own entry that was still on its way when it was looked for, or another process.
        if (!mine || !(await reach(() => catchUp(rolloutId, mine)))) {
          throw new ForeignWriter(rolloutId, cause);
        }
        return write(rolloutId, next);
      }
      unsure.set(rolloutId, (mine ?? new Set()).add(id));
      throw new MeshError("UNAVAILABLE", "the log of releases cannot be written", { cause });
    }
  }

  return {
    rollout: (rolloutId) => rollouts.get(rolloutId),
    traffics: (rolloutId) => traffics.get(rolloutId) ?? [],
    shifts: () => shifts,
    rollouts: () =>
      [...rollouts.values()].toSorted(
        (a, b) => (b.createTime?.getTime() ?? 0) - (a.createTime?.getTime() ?? 0),
      ),
    append(rolloutId, next) {
      const before = turns.get(rolloutId) ?? Promise.resolve();
      const body = typeof next === "function" ? next : () => next;
      const turn = before.then(() => write(rolloutId, body));
      const over = turn
        .catch(() => undefined)
        .finally(() => {
          if (turns.get(rolloutId) === over) turns.delete(rolloutId);
        });
      turns.set(rolloutId, over);
      return turn;
    },
    onEntry(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Stores an entry behind the one that it follows; gives back its sequence. Repeated under one id it is one. */
async function publish(
  { js }: Events,
  entry: ReleaseEntry,
  { id, previous }: { readonly id: string; readonly previous: number },
): Promise<number> {
  const { rolloutId, time, body } = entry;
  const { seq } = await js.publish(releaseSubject(rolloutId), ReleaseEntry.encode(entry).finish(), {
    msgID: id,
    retries: 3,
    expect: { lastSubjectSequence: previous },
    headers: eventHeaders({
      id,
      type: `tripmesh.release.${body?.$case}`,
      source: "rollout",
      subject: rolloutId,
      time: time ?? new Date(),
    }),
  });
  return seq;
}

function isWrongLast(cause: unknown): boolean {
  return cause instanceof JetStreamApiError && cause.code === WRONG_LAST_SEQUENCE;
}

async function reach<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    throw new MeshError("UNAVAILABLE", "the log of releases cannot be read", { cause });
  }
}

/** Every entry, oldest first; also for those who only want to print it. */
export async function* readAll(
  events: Events,
  rolloutId?: string,
): AsyncGenerator<{ entry: ReleaseEntry; seq: number; id: string }> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  const subject = rolloutId === undefined ? "releases.>" : releaseSubject(rolloutId);
  const { state } = await manager.streams.info(streams.releases, { subjects_filter: subject });
  let left = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
  if (left === 0) return;
  const consumer = await events.js.consumers.get(streams.releases, { filter_subjects: [subject] });
  const messages = await consumer.consume();
  for await (const message of messages) {
    const id = message.headers?.get("ce-id") ?? "";
    yield { entry: ReleaseEntry.decode(message.data), seq: message.seq, id };
    left--;
    if (left === 0) break;
  }
  await messages.close();
}
