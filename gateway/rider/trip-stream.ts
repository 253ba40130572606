import { useEffect, useState } from "preact/hooks";
import { type Connection, followUpdates } from "./follow-updates.ts";

/** One update as the stream carries it; fields at their default are left out. */
interface WireUpdate {
  readonly seq?: number;
  readonly kind?: string;
  readonly value?: number;
  readonly lower?: number;
  readonly upper?: number;
  readonly version?: string;
  readonly traceparent?: string;
}

/** A value with its interval, and the number of the event that it answers. */
export interface Told {
  readonly seq: number;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly version: string;
}

/** What this page has heard of its trip. */
export interface TripStory {
  /** Durations by rising `seq`: the first estimate and its corrections. */
  readonly durations: readonly Told[];
  readonly cost: Told | undefined;
  readonly tip: Told | undefined;
  /** A `TripState`: 1 requested, 2 started, 3 completed, 4 cancelled. */
  readonly state: number;
  /** The trace that ended with the newest update; empty where none is recorded. */
  readonly traceId: string;
  readonly connection: Connection;
}

const nothing: TripStory = {
  durations: [],
  cost: undefined,
  tip: undefined,
  state: 0,
  traceId: "",
  connection: "connecting",
};

/** Follows a trip's server-sent events to their end, through whatever outage. */
export function useTripStory(tripId: string, riderId: string): TripStory {
  const [story, setStory] = useState(nothing);
  useEffect(() => {
    setStory(nothing);
    const url = (after: string | undefined) => {
      const query = new URLSearchParams({ rider: riderId, via: "direct" });
      if (after !== undefined) query.set("after", after);
      return `/v1/trips/${encodeURIComponent(tripId)}/updates?${query}`;
    };
    return followUpdates(url, {
      connection: (connection) => setStory((known) => ({ ...known, connection })),
      update: (data) => setStory((known) => foldUpdate(known, JSON.parse(data) as WireUpdate)),
    });
  }, [tripId, riderId]);
  return story;
}

function foldUpdate(known: TripStory, wire: WireUpdate): TripStory {
  const story = { ...known, traceId: wire.traceparent?.split("-")[1] ?? "" };
  const { seq = 0, value = 0, lower = 0, upper = 0, version = "" } = wire;
  const told: Told = { seq, value, lower, upper, version };
  switch (wire.kind) {
    case "TRIP_UPDATE_KIND_DURATION": {
      const others = story.durations.filter((other) => other.seq !== seq);
      return { ...story, durations: [...others, told].sort((a, b) => a.seq - b.seq) };
    }
    case "TRIP_UPDATE_KIND_COST":
      return { ...story, cost: told };
    case "TRIP_UPDATE_KIND_TIP":
      return { ...story, tip: told };
    case "TRIP_UPDATE_KIND_STATE":
      return { ...story, state: Math.max(story.state, value) };
    default:
      return story; // a kind of a later version
  }
}
