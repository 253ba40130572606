import { minutes, NOTHING, signed, usd } from "../page/format.ts";
import { nameOf, type Zone } from "../page/zones.ts";
import type { TripLine } from "../snapshot.ts";
import { links } from "./use-route.ts";

/** The live trips, newest first; one line a ride, in columns of fixed width so that nothing jumps. */
export function TripsTable(props: {
  readonly lines: readonly TripLine[];
  readonly zones: ReadonlyMap<number, Zone>;
}) {
  const { lines, zones } = props;
  return (
    <table class="trips">
      <thead>
        <tr>
          <th scope="col" class="way">
            From → to
          </th>
          <th scope="col" class="state">
            State
          </th>
          <th scope="col">
            First, min <span class="soft">80 %</span>
          </th>
          <th scope="col">Now, min</th>
          <th scope="col" class="wide">
            Cost
          </th>
          <th scope="col" class="wide">
            Tip
          </th>
          <th scope="col">Truth, min</th>
          <th scope="col">Error</th>
          <th scope="col" class="wide served">
            Served by
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <Line key={line.id} line={line} zones={zones} />
        ))}
      </tbody>
    </table>
  );
}

const marks: Record<TripLine["state"], string> = {
  requested: "○ requested",
  started: "◐ under way",
  completed: "● done",
  cancelled: "✕ cancelled",
};

function Line({
  line,
  zones,
}: {
  readonly line: TripLine;
  readonly zones: ReadonlyMap<number, Zone>;
}) {
  const { first, current, truth, error } = line;
  const way = `${nameOf(zones, line.from)} → ${nameOf(zones, line.to)}`;
  const missed = truth !== null && (truth.minutes < first.lower || truth.minutes > first.upper);
  return (
    <tr class={line.state}>
      <td class="way" title={`${way}, trip ${line.id}`}>
        <a href={links.trip(line.id)}>{way}</a>
      </td>
      <td class="state">{marks[line.state]}</td>
      <td>
        {minutes(first.minutes)}{" "}
        <span class="soft interval">
          {minutes(first.lower)}–{minutes(first.upper)}
        </span>
      </td>
      <td>{current ? minutes(current.minutes) : <span class="soft">{NOTHING}</span>}</td>
      <td class="wide">{usd(line.costUsd)}</td>
      <td class="wide">{usd(line.tipUsd)}</td>
      <td title={missed ? "outside the first interval" : ""}>
        {minutes(truth?.minutes)}
        {missed && <span class="bad"> !</span>}
      </td>
      <td class={error !== null && Math.abs(error) > 5 ? "bad" : ""}>
        {error === null ? NOTHING : signed(error)}
      </td>
      <td class="wide served">
        <span class={first.slot}>{first.degraded ? "" : "■ "}</span>
        {first.version}
        {first.degraded ? <span class="tag warn">degraded</span> : ` ${first.slot}`}
      </td>
    </tr>
  );
}
