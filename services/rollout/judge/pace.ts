/** How far the evidence was at a moment. */
export interface Sample {
  /** Server's clock. */
  readonly wallMs: number;
  /** Event time. */
  readonly eventMs: number;
  /** Finished pairs so far. */
  readonly pairs: number;
}

/** What came in a time: differences of two samples. */
export type Pace = Sample;

const MOST_SAMPLES = 300;
const SAMPLE_EVERY_MS = 2_000;
/** So many pairs give a rate to about a tenth. */
const PAIRS_FOR_A_RATE = 100;

/** Adds a sample, in place: one every two seconds, of the last ten minutes. */
export function noteSample(samples: Sample[], sample: Sample): void {
  const last = samples.at(-1);
  if (!Number.isFinite(sample.eventMs)) return;
  if (last && sample.wallMs - last.wallMs < SAMPLE_EVERY_MS) return;
  samples.push(sample);
  if (samples.length > MOST_SAMPLES) samples.shift();
}

/** The present pace: over the last hundred pairs, or over everything that is remembered; undefined before it is known. */
export function paceOf(samples: readonly Sample[]): Pace | undefined {
  const last = samples.at(-1);
  if (!last) return undefined;
  const from =
    samples.findLast(({ pairs }) => last.pairs - pairs >= PAIRS_FOR_A_RATE) ?? samples[0];
  if (!from || from === last) return undefined;
  return {
    wallMs: last.wallMs - from.wallMs,
    eventMs: last.eventMs - from.eventMs,
    pairs: last.pairs - from.pairs,
  };
}
