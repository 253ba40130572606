import type { LatestTraces } from "../../traces/traces-route.ts";
import { when } from "../releases/words.ts";
import { links } from "../use-route.ts";
import { NoTraces } from "./no-traces.tsx";
import { usePolled } from "./use-polled.ts";

const EVERY_MS = 2000;

/** The trips that a trace was recorded of last; asked for again by hand, so that no line moves away from a finger. */
export function LatestTrips() {
  const { value, problem, again } = usePolled<LatestTraces>(
    "/api/traces/latest",
    EVERY_MS,
    ({ trips }) => trips.length > 0,
  );
  return (
    <section class="card" aria-label="Latest traced trips">
      <div class="head">
        <h2>Latest traced trips</h2>
        <span class="soft small">
          newest first; every trip has a story, also without a trace{" "}
          <button type="button" onClick={again}>
            Refresh
          </button>
        </span>
      </div>
      {problem !== undefined && <p class="problem">{problem} Trying again …</p>}
      {value && value.trips.length === 0 && <NoTraces recording={value.recording} />}
      {value && value.trips.length > 0 && (
        <table class="traced">
          <thead>
            <tr>
              <th scope="col">Trip</th>
              <th scope="col">Began</th>
              <th scope="col">Traces</th>
              <th scope="col">Spans</th>
              <th scope="col">Failed</th>
            </tr>
          </thead>
          <tbody>
            {value.trips.map(({ tripId, startMs, traces, spans, failed }) => (
              <tr key={tripId}>
                <td>
                  <a href={links.trip(tripId)}>{tripId}</a>
                </td>
                <td>{when(startMs)}</td>
                <td>{traces}</td>
                <td>{spans}</td>
                <td class={failed > 0 ? "bad" : "soft"}>{failed > 0 ? `✕ ${failed}` : "0"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
