// Of each kind of update the newest: what a reader of a trip is sent, however slow it is or late it came.
import { type TripUpdate, TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import type { LastAnswers } from "./trip-updates.ts";

/** How long a reader's stream stays open for the last answers after its trip has ended, ms. */
export const LAST_ANSWERS_MS = 5_000;

/** The kinds of update, in the order in which equally old ones are sent. */
export const kinds = [
  TripUpdateKind.DURATION,
  TripUpdateKind.COST,
  TripUpdateKind.TIP,
  TripUpdateKind.STATE,
] as const;

/** The highest `seq` of each kind that a reader has; 0 where it has none. */
export type Marks = ReadonlyMap<TripUpdateKind, number>;

/** An update with the id that lets its reader resume after it. */
export interface Numbered {
  readonly update: TripUpdate;
  readonly id: string;
}

/** Of each kind, what a reader has and the newest that it lacks: bounded, however slow the reader is. */
export interface Fold {
  /** Keeps the update if it is newer than everything known of its kind. Order and repeats do not matter. */
  offer(update: TripUpdate): void;
  /** The oldest update that the reader lacks, which it has from now on. */
  take(): Numbered | undefined;
  /** The highest `seq` known of a kind, sent or not. */
  reached(kind: TripUpdateKind): number;
}

/** Starts from what the reader already has. */
export function createFold(marks: Marks): Fold {
  const sent = new Map(marks);
  const waiting = new Map<TripUpdateKind, TripUpdate>();
  const reached = (kind: TripUpdateKind) => waiting.get(kind)?.seq ?? sent.get(kind) ?? 0;
  return {
    reached,
    offer(update) {
      if (update.seq > reached(update.kind)) waiting.set(update.kind, update);
    },
    take() {
      const update = oldest(waiting);
      if (!update) return undefined;
      waiting.delete(update.kind);
      sent.set(update.kind, update.seq);
      return { update, id: formatMarks(sent) };
    },
  };
}

function oldest(waiting: ReadonlyMap<TripUpdateKind, TripUpdate>): TripUpdate | undefined {
  let found: TripUpdate | undefined;
  for (const kind of kinds) {
    const update = waiting.get(kind);
    if (update && (!found || update.seq < found.seq)) found = update;
  }
  return found;
}

/** Marks as the id of a server-sent event: `d3.c2.t2.s4`. */
export function formatMarks(marks: Marks): string {
  const [d, c, t, s] = kinds.map((kind) => marks.get(kind) ?? 0);
  return `d${d}.c${c}.t${t}.s${s}`;
}

/** Reads `Last-Event-ID`. What is no such id starts from the beginning: repeating is better than skipping. */
export function parseMarks(id: string | undefined): Marks {
  const match = /^d(\d{1,9})\.c(\d{1,9})\.t(\d{1,9})\.s(\d{1,9})$/.exec(id ?? "");
  return new Map(kinds.map((kind, i) => [kind, Number(match?.[i + 1] ?? 0)]));
}

/** Whether every service has answered the last event that it answers. */
export function isAnswered(fold: Pick<Fold, "reached">, last: LastAnswers): boolean {
  return (
    fold.reached(TripUpdateKind.DURATION) >= last.lastDurationSeq &&
    fold.reached(TripUpdateKind.COST) >= last.lastPriceSeq &&
    fold.reached(TripUpdateKind.TIP) >= last.lastPriceSeq
  );
}
