import { minutes } from "../page/format.ts";
import type { Told } from "./trip-stream.ts";

/** How the estimate moved: one interval a line, the newest last, and the truth once it is known. */
export function Corrections(props: {
  readonly durations: readonly Told[];
  readonly truth: number | undefined;
}) {
  const { durations, truth } = props;
  const ends = durations.flatMap(({ lower, upper, value }) => [lower, upper, value]);
  if (truth !== undefined) ends.push(truth);
  const low = Math.max(0, Math.min(...ends) * 0.92);
  const high = Math.max(...ends) * 1.05;
  const at = (value: number) => `${((value - low) / (high - low)) * 100}%`;
  const width = (from: number, to: number) => `${((to - from) / (high - low)) * 100}%`;
  return (
    <ol class="corrections" aria-label="How the estimate moved, minutes">
      {durations.map(({ seq, value, lower, upper, version }) => (
        <li key={seq}>
          <span class="soft small">{seq === 1 ? "first" : `event ${seq}`}</span>
          <span class="track" title={`${minutes(lower)} to ${minutes(upper)} min, by ${version}`}>
            <i class="band" style={{ left: at(lower), width: width(lower, upper) }} />
            <i class="value" style={{ left: at(value) }} />
            {truth !== undefined && <i class="truth" style={{ left: at(truth) }} />}
          </span>
          <b>{minutes(value)}</b>
        </li>
      ))}
      {truth !== undefined && (
        <li class="true">
          <span class="small">truth</span>
          <span class="track">
            <i class="truth" style={{ left: at(truth) }} />
          </span>
          <b>{minutes(truth)}</b>
        </li>
      )}
    </ol>
  );
}
