import { useState } from "preact/hooks";
import { minutes, signed, usd } from "../page/format.ts";
import type { RiderApi, Trip } from "./api.ts";
import { Corrections } from "./corrections.tsx";
import { Simulate } from "./simulate.tsx";
import { makeUpTruth } from "./simulated-drive.ts";
import { type Told, type TripStory, useTripStory } from "./trip-stream.ts";

export interface TripViewProps {
  readonly api: RiderApi;
  readonly riderId: string;
  readonly trip: Trip;
  readonly title: string;
  readonly replay: boolean;
  readonly miles: number;
  readonly onLeave: () => void;
}

/** The ride that was asked for, while it goes on. */
export function TripView({ api, riderId, trip, title, replay, miles, onLeave }: TripViewProps) {
  const story = useTripStory(trip.tripId, riderId);
  const [problem, setProblem] = useState<string>();
  const { estimate } = trip;
  const first = { ...estimate, value: estimate.minutes, seq: 1 };
  // After a reload only the newest comes again; the first is on the trip.
  const durations = [first, ...story.durations.filter(({ seq }) => seq > 1)];
  const now = durations.at(-1) ?? first;
  const moved = now.value - estimate.minutes;
  const over = story.state >= 3;
  const truth = replay && story.state === 3 ? makeUpTruth(trip, miles) : undefined;
  return (
    <section class="card trip" aria-label="Your ride">
      <div class="map-head">
        <h2>{title}</h2>
        <Connection story={story} />
      </div>
      <Stages state={story.state} />
      <p class="big" aria-live="polite">
        {minutes(now.value)} <span class="unit">min</span>
      </p>
      <p class="soft small">
        between {minutes(now.lower)} and {minutes(now.upper)} min
        {Math.abs(moved) >= 0.05 && `, ${signed(moved)} against the first estimate`}
      </p>
      {estimate.degraded && <p class="tag warn">The first estimate was a rough one</p>}
      <Corrections durations={durations} truth={truth?.minutes} />
      <dl>
        <Amount name="Price when you asked" value={estimate.priceUsd} />
        <Amount name="Cost expected now" told={story.cost} truth={truth?.costUsd} />
        <Amount name="Tip expected" told={story.tip} truth={truth?.tipUsd} />
      </dl>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {replay && !trip.finished && story.state < 3 && (
        <Simulate api={api} trip={trip} miles={miles} onProblem={setProblem} />
      )}
      {truth && <p class="soft small">The truth of this ride was simulated by this page.</p>}
      <button type="button" class="quiet" onClick={onLeave}>
        {over ? "Another ride" : "Leave this ride"}
      </button>
      <p class="soft small id">
        trip {trip.tripId}
        {story.traceId !== "" && ` · trace ${story.traceId}`}
      </p>
    </section>
  );
}

const connections: Record<TripStory["connection"], string> = {
  connecting: "connecting …",
  open: "live",
  reconnecting: "reconnecting …",
  ended: "complete",
  refused: "updates refused",
};

function Connection({ story }: { readonly story: TripStory }) {
  const fine = story.connection === "open" || story.connection === "ended";
  return (
    <span class={fine ? "tag" : "tag warn"} role="status">
      {connections[story.connection]}
    </span>
  );
}

function Stages({ state }: { readonly state: number }) {
  if (state === 4) return <p class="tag warn">cancelled</p>;
  return (
    <ol class="stages" aria-label="Stage of the ride">
      {["Requested", "On the way", "Arrived"].map((name, index) => (
        <li
          key={name}
          class={state > index ? "done" : ""}
          {...(state === index + 1 ? { "aria-current": "step" } : {})}
        >
          {name}
        </li>
      ))}
    </ol>
  );
}

function Amount(props: {
  readonly name: string;
  readonly value?: number;
  readonly told?: Told | undefined;
  readonly truth?: number | undefined;
}) {
  const { name, told, truth } = props;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {props.value === undefined && !told ? (
          <span class="soft">waiting …</span>
        ) : (
          usd(props.value ?? told?.value)
        )}
        {told && (
          <span class="soft small">
            {" "}
            {usd(told.lower)} to {usd(told.upper)}
          </span>
        )}
        {truth !== undefined && <span class="small"> · was {usd(truth)}</span>}
      </dd>
    </div>
  );
}
