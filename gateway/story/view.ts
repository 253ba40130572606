import { fromNewYork } from "../../cli/client/new-york.ts";
import type { AreTheInputs } from "./check-inputs.ts";
import type { Chapter, Saying, TripStory } from "./story.ts";

/** What a version said, as the console is told; null where something is not known. */
export interface SayingView
  extends Omit<Saying, "inputs" | "change" | "traceId" | "featureHash" | "changedInputs"> {
  /** `duration`, `cost` or `tip`. */
  readonly quantity: string;
  readonly change: number | null;
  /** What the model was fed, in the order of its inputs; empty where no model answered. */
  readonly inputs: readonly InputView[];
  /** Whether these are the model's inputs bit for bit; null where that cannot be told. */
  readonly areTheInputs: boolean | null;
  readonly traceId: string;
}

export interface InputView {
  readonly name: string;
  readonly value: number | null;
  /** Whether it was another when the same model spoke before. */
  readonly isChanged: boolean;
}

export interface ChapterView {
  readonly seq: number;
  readonly event: string;
  /** Event time, ms since 1970. */
  readonly occurredAt: number | null;
  readonly traceId: string;
  readonly sayings: readonly SayingView[];
}

/** The ride as it can be asked for again, in proto JSON. */
export interface RideAgain {
  readonly pickupZone: number;
  readonly dropoffZone: number;
  readonly pickupTime?: string;
  readonly passengerCount?: number;
  readonly tripDistanceMiles?: number;
}

/** Answer of `GET /api/trips/{id}/story`. */
export interface StoryView {
  readonly tripId: string;
  readonly pickupZone: number;
  readonly dropoffZone: number;
  readonly chapters: readonly ChapterView[];
  readonly truth: {
    readonly minutes: number;
    readonly costUsd: number | null;
    readonly tipUsd: number | null;
  } | null;
  /** No event will follow: the trip is completed or cancelled. */
  readonly isOver: boolean;
  /** There are more events than are told. */
  readonly isCut: boolean;
  readonly ride: RideAgain;
  /** `host:port` where BackendService answers the gateway. */
  readonly backend: string;
}

export interface ViewOptions {
  readonly proofs: ReadonlyMap<Saying, AreTheInputs>;
  readonly isCut: boolean;
  readonly backend: string;
}

/** The story without what JSON has no word for: NaN is null. */
export function storyView(story: TripStory, { proofs, isCut, backend }: ViewOptions): StoryView {
  const { tripId, pickupZone, dropoffZone, chapters, truth } = story;
  const last = chapters.at(-1)?.event;
  return {
    ...{ tripId, pickupZone, dropoffZone, isCut, backend },
    chapters: chapters.map((chapter) => chapterView(chapter, proofs)),
    truth: truth
      ? { minutes: truth.minutes, costUsd: known(truth.costUsd), tipUsd: known(truth.tipUsd) }
      : null,
    isOver: last === "completed" || last === "cancelled",
    ride: rideAgain(story),
  };
}

function chapterView(chapter: Chapter, proofs: ViewOptions["proofs"]): ChapterView {
  const { seq, event, occurredAt, traceId, sayings } = chapter;
  return {
    ...{ seq, event, traceId },
    occurredAt: occurredAt?.getTime() ?? null,
    sayings: sayings.map((saying) => sayingView(saying, proofs.get(saying))),
  };
}

function sayingView(saying: Saying, areTheInputs: AreTheInputs): SayingView {
  const { service, version, slot, digest, value, lower, upper, intervalScale, traceId } = saying;
  return {
    ...{ service, version, slot, digest, value, lower, upper, intervalScale, traceId },
    quantity: service === "dynamic-duration" ? "duration" : service,
    isOtherVersion: saying.isOtherVersion,
    change: saying.change ?? null,
    areTheInputs: areTheInputs ?? null,
    inputs: Object.entries(saying.inputs ?? {}).map(([name, input]) => ({
      name,
      value: known(input),
      isChanged: saying.changedInputs.includes(name),
    })),
  };
}

/** Asked for again with this, a model of the same version is fed the same. */
function rideAgain({ pickupZone, dropoffZone, chapters }: TripStory): RideAgain {
  const inputs = chapters[0]?.sayings.find(({ service }) => service === "duration")?.inputs ?? {};
  const localSeconds = inputs["pickup_local_seconds"];
  const wallClock = localSeconds && new Date(localSeconds * 1000).toISOString().slice(0, 19);
  const pickupTime = wallClock ? fromNewYork(wallClock)?.toISOString() : undefined;
  const passengerCount = known(inputs["passenger_count"]);
  const tripDistanceMiles = known(inputs["trip_distance_miles"]);
  return {
    ...{ pickupZone, dropoffZone },
    ...(pickupTime === undefined ? {} : { pickupTime }),
    ...(passengerCount === null ? {} : { passengerCount }),
    ...(tripDistanceMiles === null ? {} : { tripDistanceMiles }),
  };
}

function known(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
