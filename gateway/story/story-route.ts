import { MeshError } from "#kit/rpc/errors.ts";
import { type Route, sendError, sendJson } from "../http-server.ts";
import type { StoredTrips } from "../stored.ts";
import { checkAll } from "./check-inputs.ts";
import { readStory } from "./read-story.ts";
import { storyView } from "./view.ts";

const PATH = /^\/api\/trips\/([^/]+)\/story$/;
const ID = /^[A-Za-z0-9_-]{1,128}$/;
/** Of each kind: events, and predictions of each service. A ride with a report every 10 s has so many in 2.7 h. */
const MAX_MESSAGES = 1000;
const MAX_AT_ONCE = 8;

export interface StoryDependencies {
  readonly stored: Pick<StoredTrips, "readTrip">;
  /** Folder of the bundles, whose cards prove what a model was fed. */
  readonly modelsDir: string;
  /** `host:port` of BackendService, told to who wants to ask again. */
  readonly backend: string;
}

/**
 * `GET /api/trips/{id}/story` on the console's port: the story of a trip, a `StoryView`, of its first 1,000 events.
 * 404 for a trip that the streams do not hold, 429 when 8 others are being read, 503 when the event stream does not
 * answer within 5 s.
 */
export function createStoryRoute({ stored, modelsDir, backend }: StoryDependencies): Route {
  let reading = 0;
  return async ({ response, url }) => {
    const [, tripId] = PATH.exec(url.pathname) ?? [];
    if (tripId === undefined) return false;
    if (!ID.test(tripId)) {
      sendError(response, "INVALID_ARGUMENT", `${decode(tripId)} is no trip's id`);
      return true;
    }
    if (reading >= MAX_AT_ONCE) throw new MeshError("RESOURCE_EXHAUSTED", "too many at once");
    reading++;
    try {
      const story = await readStory(stored, tripId, MAX_MESSAGES).catch((cause: unknown) => {
        throw new MeshError("UNAVAILABLE", "the event stream does not answer", { cause });
      });
      if (story) {
        const proofs = await checkAll(modelsDir, story);
        const isCut = story.chapters.length >= MAX_MESSAGES;
        sendJson(response, storyView(story, { proofs, isCut, backend }));
      } else sendError(response, "NOT_FOUND", `the streams hold no trip ${tripId}`);
    } finally {
      reading--;
    }
    return true;
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a broken escape is shown as it came
  }
}
