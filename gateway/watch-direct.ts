import { setTimeout as sleep } from "node:timers/promises";
import type { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { isAnswered, LAST_ANSWERS_MS } from "#kit/events/trip-fold.ts";
import {
  type LastAnswers,
  lastAnswers,
  updateOfPrediction,
  updatesOfEvent,
} from "#kit/events/trip-updates.ts";
import { failpoint } from "#kit/lifecycle/failpoint.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { LiveFeed } from "./live-feed.ts";
import type { Reader } from "./reader.ts";
import type { Stored, StoredEvent, StoredPrediction, StoredTrips } from "./stored.ts";
import type { Watch } from "./watch.ts";

const CATCH_UP_AT_ONCE = 16;
const CATCH_UP_AGAIN_MS = 1000;

export interface DirectDependencies {
  readonly feed: LiveFeed;
  readonly stored: StoredTrips;
  readonly log: Logger;
}

/** What became known of a trip; `last` says that it has ended, and which answers are still to come. */
interface News {
  readonly updates: readonly TripUpdate[];
  readonly last?: LastAnswers | undefined;
}

/** One reader's view of its trip. */
interface Follower {
  readonly signal: AbortSignal;
  take(news: News, happenedAt: number): void;
  catchUp(): Promise<void>;
}

/** Watches trips in the event stream itself; one shared feed, fanned out by trip. */
export function watchDirect({ feed, stored, log }: DirectDependencies): Watch {
  const followers = new Map<string, Set<Follower>>();
  const tell = (tripId: string, news: () => News) => {
    const interested = followers.get(tripId);
    if (!interested) return; // the usual case: nobody watches this trip
    const told = news();
    for (const follower of interested) follower.take(told, Date.now());
  };
  feed.listen({
    event: (event, traceparent) => tell(event.tripId, () => newsOfEvent({ event, traceparent })),
    prediction: (prediction, traceparent) =>
      tell(prediction.tripId, () => newsOfPrediction({ prediction, traceparent })),
    resumed: () =>
      void catchUpAll(
        [...followers.values()].flatMap((set) => [...set]),
        log,
      ),
  });

  return async ({ tripId }, reader) => {
    const follower = follow(reader, () => stored.readTrip(tripId));
    const interested = followers.get(tripId) ?? new Set();
    followers.set(tripId, interested.add(follower)); // before the read, so that nothing falls between
    reader.signal.addEventListener("abort", () => {
      interested.delete(follower);
      if (interested.size === 0 && followers.get(tripId) === interested) followers.delete(tripId);
    });
    failpoint("gateway.joined");
    await follower.catchUp();
    failpoint("gateway.caught-up");
    reader.begin();
  };
}

function follow(reader: Reader, read: () => Promise<Stored>): Follower {
  let last: LastAnswers | undefined;
  let linger: NodeJS.Timeout | undefined;
  let ready = false; // no end before everything stored was offered
  reader.signal.addEventListener("abort", () => clearTimeout(linger));
  const settle = () => {
    if (ready && last && isAnswered(reader, last)) reader.end();
  };
  const take = (news: News, happenedAt: number) => {
    if (reader.signal.aborted) return; // left while the trip was being read: no timer for it
    for (const update of news.updates) reader.offer(update);
    if (news.last && !last) {
      last = news.last;
      const leftMs = Math.max(0, happenedAt + LAST_ANSWERS_MS - Date.now());
      linger = setTimeout(() => reader.end(), leftMs);
    }
    settle();
  };
  return {
    signal: reader.signal,
    take,
    async catchUp() {
      const { events, predictions } = await read();
      for (const prediction of predictions) take(newsOfPrediction(prediction), Date.now());
      for (const stored of events) take(newsOfEvent(stored), stored.storedAt.getTime());
      ready = true;
      settle();
    },
  };
}

function newsOfEvent({ event, traceparent }: Omit<StoredEvent, "storedAt">): News {
  return { updates: updatesOfEvent(event, traceparent), last: lastAnswers(event) };
}

function newsOfPrediction({ prediction, traceparent }: StoredPrediction): News {
  const update = updateOfPrediction(prediction, traceparent);
  return { updates: update ? [update] : [] };
}

/**
 * After a lost connection: a few at a time, so that a full house does not storm the server. What cannot be
 * read is tried again, as long as its reader is there: what it missed would otherwise come only with luck.
 */
async function catchUpAll(followers: readonly Follower[], log: Logger): Promise<void> {
  let behind = followers;
  for (;;) {
    behind = (await tryCatchUp(behind)).filter(({ signal }) => !signal.aborted);
    if (behind.length === 0) return;
    log.warn(
      { readers: behind.length },
      "some trips could not be read again; the next try is soon",
    );
    await sleep(CATCH_UP_AGAIN_MS, undefined, { ref: false });
  }
}

/** Gives back those that failed. */
async function tryCatchUp(followers: readonly Follower[]): Promise<readonly Follower[]> {
  const failed: Follower[] = [];
  const waiting = followers.values();
  const work = async () => {
    for (const follower of waiting) {
      if (!follower.signal.aborted) await follower.catchUp().catch(() => failed.push(follower));
    }
  };
  await Promise.all(Array.from({ length: CATCH_UP_AT_ONCE }, work));
  return failed;
}
