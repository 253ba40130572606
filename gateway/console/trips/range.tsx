import { minutes } from "../../page/format.ts";
import type { SayingView, StoryView } from "../../story/view.ts";

/** The axis that all durations of a ride are drawn on, minutes. */
export interface Scale {
  readonly from: number;
  readonly to: number;
  readonly truth: number | null;
}

const MARGIN = 0.06;

/** Wide enough for every interval and the truth. */
export function scaleOf({ chapters, truth }: StoryView): Scale {
  const ends = chapters
    .flatMap(({ sayings }) => sayings)
    .filter(({ quantity }) => quantity === "duration")
    .flatMap(({ lower, value, upper }) => [lower, value, upper]);
  if (truth) ends.push(truth.minutes);
  if (ends.length === 0) return { from: 0, to: 1, truth: null };
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const margin = (high - low || 1) * MARGIN;
  return { from: low - margin, to: high + margin, truth: truth?.minutes ?? null };
}

/** An estimate in its interval, and the truth as a line through all of them. */
export function Range({ saying, scale }: { readonly saying: SayingView; readonly scale: Scale }) {
  const { value, lower, upper, slot } = saying;
  const at = (amount: number) => `${(100 * (amount - scale.from)) / (scale.to - scale.from)}%`;
  const truth = scale.truth === null ? "" : `; the truth is ${minutes(scale.truth)}`;
  const label = `${minutes(value)} minutes, from ${minutes(lower)} to ${minutes(upper)}${truth}`;
  const width = `${(100 * (upper - lower)) / (scale.to - scale.from)}%`;
  return (
    <div class={`range ${slot}`} role="img" aria-label={label}>
      <span class="band" style={{ left: at(lower), width }} />
      <span class="value" style={{ left: at(value) }} />
      {scale.truth !== null && (
        <span class="truth-line" style={{ left: at(scale.truth) }} title="the truth" />
      )}
    </div>
  );
}
