import { useState } from "preact/hooks";
import { links } from "../use-route.ts";
import { LatestTrips } from "./latest-trips.tsx";
import { TracesPanel } from "./traces-panel.tsx";
import { TripStory } from "./trip-story.tsx";

export interface TripsPageProps {
  readonly tripId: string | undefined;
  /** A trace of the trip, or, without a trip, any. */
  readonly traceId: string | undefined;
}

/** One ride's story and its traces; without a ride, the way to one. */
export function TripsPage({ tripId, traceId }: TripsPageProps) {
  return (
    <>
      <Search key={tripId ?? ""} tripId={tripId ?? ""} />
      {tripId !== undefined && <TripStory key={tripId} tripId={tripId} />}
      {(tripId !== undefined || traceId !== undefined) && (
        <TracesPanel key={tripId ?? traceId} tripId={tripId} traceId={traceId} />
      )}
      {tripId === undefined && traceId === undefined && <LatestTrips />}
    </>
  );
}

function Search({ tripId }: { readonly tripId: string }) {
  const [text, setText] = useState(tripId);
  return (
    <search>
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          location.hash = text.trim() === "" ? links.trips : links.trip(text.trim());
        }}
      >
        <label for="trip-id">Trip</label>
        <input
          id="trip-id"
          value={text}
          placeholder="its id"
          autocomplete="off"
          spellcheck={false}
          maxLength={128}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit">Show</button>
        {tripId !== "" && <a href={links.trips}>latest traced trips</a>}
      </form>
    </search>
  );
}
