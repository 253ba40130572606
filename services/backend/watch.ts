import type { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { createFold, type Fold, isAnswered, LAST_ANSWERS_MS } from "#kit/events/trip-fold.ts";
import type { LastAnswers } from "#kit/events/trip-updates.ts";

/** Tells watchers in this process what became known about their trips. */
export interface TripWatch {
  /** Hands an update to the trip's watchers; `last` says that the trip has ended. Returns at once. */
  publish(update: TripUpdate, last?: LastAnswers): void;
  /** The event stream was away and is back: every watcher reads again what is stored, a little later. */
  missed(): void;
  /**
   * Everything about a trip from now on, after `known`: of each kind only growing sequences; what a slow
   * reader could not take is replaced by the newest. Ends with the trip's last answers, or on `signal`.
   */
  updates(
    tripId: string,
    known: () => Promise<Known>,
    signal: AbortSignal,
  ): AsyncGenerator<TripUpdate>;
}

/** What is stored of a trip: the newest of each kind, and the answers to wait for if it has ended. */
export interface Known {
  readonly updates: readonly TripUpdate[];
  readonly last: LastAnswers | undefined;
}

/**
 * When what is stored is read again, ms after the watcher came and from then on. Several processes share the
 * ledger: what another one wrote just after the first reading is not told here.
 */
const READ_AGAIN_MS = { first: 1000, later: 30_000 } as const;

interface Mailbox {
  readonly fold: Fold;
  last: LastAnswers | undefined;
  /** When to read again what is stored. */
  readAt: number;
  wake: () => void;
}

export function createTripWatch(): TripWatch {
  const watchers = new Map<string, Set<Mailbox>>();

  function open(tripId: string): Mailbox {
    const mailbox: Mailbox = {
      fold: createFold(new Map()),
      last: undefined,
      readAt: Date.now() + READ_AGAIN_MS.first,
      wake: () => {},
    };
    const boxes = watchers.get(tripId) ?? new Set();
    watchers.set(tripId, boxes.add(mailbox));
    return mailbox;
  }

  function close(tripId: string, mailbox: Mailbox): void {
    const boxes = watchers.get(tripId);
    boxes?.delete(mailbox);
    if (boxes?.size === 0) watchers.delete(tripId);
  }

  return {
    publish(update, last) {
      for (const mailbox of watchers.get(update.tripId) ?? []) post(mailbox, update, last);
    },
    missed() {
      const readAt = Date.now() + READ_AGAIN_MS.first; // the ledger has to be written first
      for (const boxes of watchers.values()) {
        for (const mailbox of boxes) {
          mailbox.readAt = Math.min(mailbox.readAt, readAt);
          mailbox.wake(); // it waits for another time
        }
      }
    },
    async *updates(tripId, known, signal) {
      const mailbox = open(tripId); // before reading what is stored, so that nothing falls between
      try {
        const read = async () => {
          const stored = await known();
          for (const update of stored.updates) post(mailbox, update, stored.last);
        };
        await read();
        yield* drain(mailbox, read, signal);
      } finally {
        close(tripId, mailbox);
      }
    },
  };
}

function post(mailbox: Mailbox, update: TripUpdate, last: LastAnswers | undefined): void {
  mailbox.fold.offer(update);
  mailbox.last ??= last;
  mailbox.wake();
}

async function* drain(
  mailbox: Mailbox,
  read: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<TripUpdate> {
  const { fold } = mailbox;
  let endsAt = Number.POSITIVE_INFINITY;
  while (!signal.aborted) {
    for (let next = fold.take(); next; next = fold.take()) yield next.update;
    const now = Date.now();
    if (mailbox.last) {
      if (isAnswered(fold, mailbox.last) || now >= endsAt) return;
      endsAt = Math.min(endsAt, now + LAST_ANSWERS_MS);
    }
    if (now >= mailbox.readAt) {
      mailbox.readAt = now + READ_AGAIN_MS.later;
      await read().catch(() => undefined); // the database is away: what is told here goes on
    } else {
      await news(mailbox, signal, Math.min(mailbox.readAt, endsAt));
    }
    const lastReadAt = endsAt - READ_AGAIN_MS.first; // the last answers may be what is missing
    if (now < lastReadAt) mailbox.readAt = Math.min(mailbox.readAt, lastReadAt);
  }
}

/** Waits for the next update, the reader's leaving, or a time. */
function news(mailbox: Mailbox, signal: AbortSignal, untilMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(); // left while it was being told: no event will say so
    const timer = setTimeout(done, untilMs - Date.now());
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      mailbox.wake = () => {};
      resolve();
    }
    mailbox.wake = done;
    signal.addEventListener("abort", done);
  });
}
