import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadBundle } from "#kit/model/bundle.ts";
import { createColumnScorer } from "#kit/model/column-scorer.ts";
import {
  type InputColumns,
  progressColumns,
  rideColumns,
} from "../../../../cli/evaluate/columns.ts";
import { simulateProgress } from "../../../../cli/evaluate/progress.ts";
import type { Rides } from "../../../../cli/evaluate/rides.ts";
import { scoreRides } from "../../../../cli/evaluate/score-rides.ts";

/** What one version says about every ride of the month, by row. */
export interface Answers {
  readonly value: Float32Array;
  readonly lower: Float32Array;
  readonly upper: Float32Array;
  /** From duration only. */
  readonly price?: Float32Array;
}

/** A realistic mistake in what a version is fed, for services that have no broken version. */
export const mistakes = {
  none: (inputs: InputColumns): InputColumns => inputs,
  /** The drop-off zone is off by one. */
  "zones+1": (inputs: InputColumns): InputColumns => ({
    ...inputs,
    dropoff_zone: (inputs["dropoff_zone"] as BigInt64Array).map((zone) => zone + 1n),
  }),
  /** The pickup's clock is read as UTC. */
  utc: (inputs: InputColumns): InputColumns => ({
    ...inputs,
    pickup_local_seconds: (inputs["pickup_local_seconds"] as BigInt64Array).map((s) => s + 18_000n),
  }),
} as const;

export interface ScoreOptions {
  /** The bundles, `models/`. */
  readonly modelsDir: string;
  /** Where answers are kept; they take minutes to make and never change. */
  readonly cacheDir: string;
  /** Whether the models are told the metered distance, as the replay does, or not, as in a quote. */
  readonly isMetered: boolean;
}

/** Scores a month with a bundle, before the ride, through the code that serves it; cached by digest. */
export function createScoring(rides: Rides, { modelsDir, cacheDir, isMetered }: ScoreOptions) {
  return async function score(
    model: `${string}/${string}`,
    mistake: keyof typeof mistakes = "none",
  ): Promise<Answers> {
    const bundle = await loadBundle(join(modelsDir, model));
    const { card } = bundle;
    const key = [card.digest, rides.sha256].map((hash) => hash.slice(0, 16)).join("-");
    const path = join(cacheDir, `${key}-${mistake}-${isMetered ? "metered" : "quote"}.f32`);
    const kept = await readFile(path).catch(() => undefined); // not there yet
    if (kept)
      return split(new Float32Array(new Uint8Array(kept).buffer), card.service, rides.count);
    const ride = rideColumns(rides, isMetered);
    const needsEstimate = card.inputs.some(({ name }) => name === "estimated_minutes");
    const inputs = needsEstimate
      ? {
          ...ride,
          ...progressColumns((await score("duration/v2")).value, simulateProgress(rides, 0)),
        }
      : ride;
    const scorer = await createColumnScorer(bundle);
    try {
      const outputs = await scoreRides(scorer, mistakes[mistake](inputs), rides.count);
      const all = new Float32Array(outputs.length * rides.count);
      for (const [i, output] of outputs.entries()) all.set(output, i * rides.count);
      await mkdir(cacheDir, { recursive: true });
      await writeFile(`${path}.${process.pid}`, all);
      await rename(`${path}.${process.pid}`, path);
      return split(all, card.service, rides.count);
    } finally {
      await scorer.close();
    }
  };
}

function split(all: Float32Array, service: string, count: number): Answers {
  const [value, lower, upper, fourth] = Array.from({ length: all.length / count }, (_, i) =>
    all.subarray(i * count, (i + 1) * count),
  );
  if (!value || !lower || !upper) throw new Error("a model answers a value with two bounds");
  return { value, lower, upper, ...(service === "duration" && fourth && { price: fourth }) };
}
