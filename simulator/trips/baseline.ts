import { readFileSync } from "node:fs";
import { z } from "zod";
import { MeshError } from "#kit/rpc/errors.ts";

const HOURS_A_WEEK = 168;
const amount = z.number().nonnegative();
const share = z.number().min(0).max(1);
const hours = z.array(amount).length(HOURS_A_WEEK);
const spread = z.object({ mean: z.number(), sd: amount });

/** Pickup zone, drop-off zone, trips, minutes, lower, upper, price in US dollars, miles. */
const pair = z.tuple([amount, amount, amount, amount, amount, amount, amount, amount]);

const schema = z.object({
  trainingMonths: z.array(z.string().regex(/^\d{4}-\d{2}$/)).min(1),
  tripsPerDay: z.number().positive(),
  hours,
  hourMinutes: hours,
  minutesSpread: spread,
  milesSpread: spread.extend({ perMinutes: z.number() }),
  priceSpread: spread.extend({ perMinutes: z.number(), perMiles: z.number() }),
  dispatchShare: share,
  cardShare: share,
  passengerShares: z.array(amount).min(1),
  tipShare: z.object({ zeroShare: share, tippersMean: amount, tippersSd: amount }),
  pairs: z.array(pair).min(1),
});

/** What the generator needs of `models/baseline/baseline.json`; that file explains its own units. */
export type Baseline = z.output<typeof schema>;

/** Reads the table. Throws a `MeshError` with one sentence when it is missing or of another shape. */
export function readBaseline(path: URL): Baseline {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const message = `${path.pathname} is missing or unusable, and synthetic trips are drawn from it.`;
    throw new MeshError("FAILED_PRECONDITION", message, { cause });
  }
}

/** New York date of the first day after the months that the models learned from, `YYYY-MM-DD`. */
export function firstUnseenDay(baseline: Pick<Baseline, "trainingMonths">): string {
  const last = baseline.trainingMonths.toSorted().at(-1) ?? "1970-01";
  const [year = 1970, month = 1] = last.split("-").map(Number);
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
}
