import type { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
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
import type { Stored, StoredTrips } from "./stored.ts";
import type { Watch } from "./watch.ts";

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
    event: (event) => tell(event.tripId, () => newsOfEvent(event)),
    prediction: (prediction) => tell(prediction.tripId, () => newsOfPrediction(prediction)),
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
    for (const update of news.updates) reader.offer(update);
    if (news.last && !last) {
      last = news.last;
      const leftMs = Math.max(0, happenedAt + LAST_ANSWERS_MS - Date.now());
      linger = setTimeout(() => reader.end(), leftMs);
    }
    settle();
  };
  return {
    take,
    async catchUp() {
      const { events, predictions } = await read();
      for (const prediction of predictions) take(newsOfPrediction(prediction), Date.now());
      for (const { event, storedAt } of events) take(newsOfEvent(event), storedAt.getTime());
      ready = true;
      settle();
    },
  };
}

function newsOfEvent(event: TripEvent): News {
  return { updates: updatesOfEvent(event), last: lastAnswers(event) };
}

function newsOfPrediction(prediction: Prediction): News {
  const update = updateOfPrediction(prediction);
  return { updates: update ? [update] : [] };
}

/** After a lost connection: one after the other, so that a full house does not storm the server. */
async function catchUpAll(followers: readonly Follower[], log: Logger): Promise<void> {
  for (const follower of followers) {
    try {
      await follower.catchUp();
    } catch (cause) {
      log.warn({ err: cause }, "a trip could not be read again"); // the next reconnect tries again
    }
  }
}
