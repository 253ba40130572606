import type { Recording } from "../../traces/traces-route.ts";

/** Why there is no trace here, and how to get one. */
export function NoTraces({
  recording,
  tripId,
}: {
  readonly recording: Recording;
  readonly tripId?: string;
}) {
  const { isHere, collector, rate } = recording;
  const which = tripId === undefined ? "a trip" : "this trip";
  if (collector !== null) {
    return (
      <div class="empty soft">
        <p>
          Traces go to <code>{collector}</code> (OTEL_EXPORTER_OTLP_ENDPOINT), not here.
        </p>
        <p>
          Look there for <code>tripmesh.trip.id{tripId === undefined ? "" : ` = ${tripId}`}</code>.
        </p>
      </div>
    );
  }
  if (!isHere) {
    return (
      <p class="empty soft">
        This gateway takes no spans: set <code>MESH_OTLP_LISTEN</code>, or use{" "}
        <code>./mesh up</code>, which does.
      </p>
    );
  }
  return (
    <div class="empty soft">
      <p>
        No trace of {which} is here. {percentOf(rate)} of the trips that the replay begins are
        recorded, and only the latest 40,000 spans are kept.
      </p>
      <p>
        To record everything: <code>./mesh up --trace-rate 1</code>. A ride that you request on the
        rider's page or with <code>./mesh trip request</code> is always recorded.
      </p>
    </div>
  );
}

function percentOf(rate: number): string {
  return rate === 0 ? "None" : `${Number((100 * rate).toPrecision(3))} %`;
}
