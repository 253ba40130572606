import type { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { createFold, type Fold, isAnswered, LAST_ANSWERS_MS } from "#kit/events/trip-fold.ts";
import type { LastAnswers } from "#kit/events/trip-updates.ts";

/** Tells watchers in this process what became known about their trips. */
export interface TripWatch {
  /** Hands an update to the trip's watchers; `last` says that the trip has ended. Returns at once. */
  publish(update: TripUpdate, last?: LastAnswers): void;
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

interface Mailbox {
  readonly fold: Fold;
  last: LastAnswers | undefined;
  wake: () => void;
}

export function createTripWatch(): TripWatch {
  const watchers = new Map<string, Set<Mailbox>>();

  function open(tripId: string): Mailbox {
    const mailbox: Mailbox = { fold: createFold(new Map()), last: undefined, wake: () => {} };
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
    async *updates(tripId, known, signal) {
      const mailbox = open(tripId); // before reading what is stored, so that nothing falls between
      try {
        const stored = await known();
        for (const update of stored.updates) post(mailbox, update, stored.last);
        yield* drain(mailbox, signal);
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

async function* drain(mailbox: Mailbox, signal: AbortSignal): AsyncGenerator<TripUpdate> {
  const { fold } = mailbox;
  let endsAt: number | undefined;
  while (!signal.aborted) {
    for (let next = fold.take(); next; next = fold.take()) yield next.update;
    if (mailbox.last) {
      endsAt ??= Date.now() + LAST_ANSWERS_MS;
      if (isAnswered(fold, mailbox.last) || Date.now() >= endsAt) return;
    }
    await news(mailbox, signal, endsAt);
  }
}

/** Waits for the next update, the reader's leaving, or the end of waiting. */
function news(mailbox: Mailbox, signal: AbortSignal, endsAt: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = endsAt === undefined ? undefined : setTimeout(done, endsAt - Date.now());
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
