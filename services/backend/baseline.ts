import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Estimate, type Ride } from "#gen/tripmesh/backend/v1/ride.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";

// A row of the table: trips seen, minutes, lower, upper, price in USD, miles.
const row = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]);
const pair = z.tuple([z.number(), z.number(), ...row.def.items]);
const tableSchema = z.looseObject({
  overall: z.object({
    minutes: z.number(),
    lowerMinutes: z.number(),
    upperMinutes: z.number(),
    priceUsd: z.number(),
  }),
  pickups: z.record(z.string(), row),
  dropoffs: z.record(z.string(), row),
  pairs: z.array(pair),
});

interface Answer {
  readonly minutes: number;
  readonly lower: number;
  readonly upper: number;
  readonly priceUsd: number;
}

/** Answers any ride at once, from a table; what Backend says when the duration service does not. */
export type Baseline = (ride: Pick<Ride, "pickupZone" | "dropoffZone">) => Estimate;

/**
 * Reads `baseline/baseline.json`. A zone pair that was seen has its own row; another gets the mean of its
 * zones' rows; a zone that was never seen leaves the other's, and two of them the overall row.
 */
export async function loadBaseline(modelsDir: string): Promise<Baseline> {
  const path = join(modelsDir, "baseline", "baseline.json");
  const table = tableSchema.parse(JSON.parse(await readFile(path, "utf8")));
  const pairs = new Map(
    table.pairs.map(([from, to, ...values]) => [`${from}-${to}`, toAnswer(values)]),
  );
  const { minutes, lowerMinutes: lower, upperMinutes: upper, priceUsd } = table.overall;
  const overall: Answer = { minutes, lower, upper, priceUsd };

  return ({ pickupZone, dropoffZone }) => {
    const known = pairs.get(`${pickupZone}-${dropoffZone}`);
    if (known) return toEstimate(known);
    const zones = [table.pickups[pickupZone], table.dropoffs[dropoffZone]];
    return toEstimate(mean(zones.filter((r) => r !== undefined).map(toAnswer)) ?? overall);
  };
}

function toAnswer([, minutes, lower, upper, priceUsd]: readonly number[]): Answer {
  return { minutes: minutes ?? 0, lower: lower ?? 0, upper: upper ?? 0, priceUsd: priceUsd ?? 0 };
}

function mean(answers: readonly Answer[]): Answer | undefined {
  if (answers.length === 0) return undefined;
  const of = (pick: (answer: Answer) => number) =>
    answers.reduce((sum, answer) => sum + pick(answer), 0) / answers.length;
  return {
    minutes: of((a) => a.minutes),
    lower: of((a) => a.lower),
    upper: of((a) => a.upper),
    priceUsd: of((a) => a.priceUsd),
  };
}

function toEstimate({ minutes, lower, upper, priceUsd }: Answer): Estimate {
  return Estimate.fromPartial({
    duration: fromMinutes(minutes),
    lower: fromMinutes(lower),
    upper: fromMinutes(upper),
    price: fromUsd(priceUsd),
    version: "baseline",
    degraded: true,
  });
}
