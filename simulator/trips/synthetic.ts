// Synthetic trips: drawn from the zone-pair and hour tables that the baseline answers from, so that they
// behave like New York on an average day of the training months. They hold no weather, no holidays, no news.
import { createRandom, pickIndex, type Random, runningSums } from "../random.ts";
import type { Baseline } from "./baseline.ts";
import type { NewYorkClock } from "./new-york.ts";
import type { RecordedTrip, TripSource } from "./trip.ts";

const HOUR_MS = 3_600_000;
const HOURS_A_WEEK = 168;
/** 1970-01-01 was a Thursday; the tables begin on Monday 00:00. */
const THURSDAY_HOURS = 72;
const SHORTEST_MINUTES = 1;
const LONGEST_MINUTES = 180;
const SHORTEST_MILES = 0.1;
const LONGEST_MILES = 100;
const CHEAPEST_USD = 3;

export interface SyntheticOptions {
  readonly baseline: Baseline;
  readonly clock: NewYorkClock;
  /** Another seed, other trips; the same seed, the same trips. */
  readonly seed: number;
}

/** A source that never ends. Each hour has its own seed, so that it can be entered anywhere. */
export function createSyntheticSource(options: SyntheticOptions): TripSource {
  const draw = createDraw(options.baseline);
  return {
    description: `SYNTHETIC, seed ${options.seed}`,
    async *trips(fromMs) {
      for (let hourMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS; ; hourMs += HOUR_MS) {
        for (const trip of tripsOfHour(hourMs, options, draw)) {
          if (trip.pickupMs >= fromMs) yield trip;
        }
      }
    },
  };
}

type Draw = (random: Random, hourOfWeek: number) => Omit<RecordedTrip, "id" | "row" | "pickupMs">;

/** A Poisson process: exponential gaps at the rate of the hour. */
function* tripsOfHour(
  hourMs: number,
  { baseline, clock, seed }: SyntheticOptions,
  draw: Draw,
): Iterable<RecordedTrip> {
  const wallHours = Math.floor(clock.toWallMs(hourMs) / HOUR_MS);
  const hourOfWeek = (wallHours + THURSDAY_HOURS) % HOURS_A_WEEK;
  const tripsPerHour = (baseline.tripsPerDay / 24) * (baseline.hours[hourOfWeek] ?? 0);
  if (tripsPerHour === 0) return;
  const name = `demo-${seed}-${new Date(hourMs).toISOString().slice(0, 13)}`;
  const random = createRandom(name);
  let hours = random.exponential() / tripsPerHour;
  for (let row = 0; hours < 1; row++) {
    const pickupMs = hourMs + Math.floor((hours * HOUR_MS) / 1000) * 1000; // whole seconds, as recorded
    yield { id: `${name}-${row}`, row, pickupMs, ...draw(random, hourOfWeek) };
    hours += random.exponential() / tripsPerHour;
  }
}

function createDraw(baseline: Baseline): Draw {
  const pairs = runningSums(baseline.pairs.map(([, , trips]) => trips));
  const passengers = runningSums(baseline.passengerShares);
  return (random, hourOfWeek) => {
    const pair = baseline.pairs[pickIndex(pairs, random.uniform())];
    if (!pair) throw new Error("the table of zone pairs is empty");
    const [pickupZone, dropoffZone, , pairMinutes, , , pairUsd, pairMiles] = pair;
    const hourFactor = baseline.hourMinutes[hourOfWeek] ?? 1;
    const usual = { minutes: pairMinutes, usd: pairUsd, miles: pairMiles, hourFactor };
    const ride = drawRide(random, baseline, usual);
    const dispatched = random.uniform() < baseline.dispatchShare;
    const byCard = !dispatched && random.uniform() < baseline.cardShare;
    return {
      pickupZone,
      dropoffZone,
      ...ride,
      passengerCount: dispatched ? undefined : pickIndex(passengers, random.uniform()),
      tipUsd: byCard ? toHundredths(ride.costUsd * drawTipShare(random, baseline)) : undefined,
    };
  };
}

/** A long ride for its pair is also a far and a dear one: miles and price follow from the minutes. */
function drawRide(
  random: Random,
  { minutesSpread, milesSpread, priceSpread }: Baseline,
  usual: { minutes: number; usd: number; miles: number; hourFactor: number },
) {
  const noise = minutesSpread.mean + minutesSpread.sd * random.normal();
  const drawn = usual.minutes * usual.hourFactor * Math.exp(noise);
  const minutes = clamp(drawn, SHORTEST_MINUTES, LONGEST_MINUTES);
  const logMinutes = Math.log(minutes / usual.minutes);
  const logMiles =
    milesSpread.mean + milesSpread.perMinutes * logMinutes + milesSpread.sd * random.normal();
  const logPrice =
    priceSpread.mean +
    priceSpread.perMinutes * logMinutes +
    priceSpread.perMiles * logMiles +
    priceSpread.sd * random.normal();
  return {
    durationSeconds: Math.round(minutes * 60),
    distanceMiles: toHundredths(
      clamp(usual.miles * Math.exp(logMiles), SHORTEST_MILES, LONGEST_MILES),
    ),
    costUsd: toHundredths(Math.max(usual.usd * Math.exp(logPrice), CHEAPEST_USD)),
  };
}

function drawTipShare(random: Random, { tipShare }: Baseline): number {
  const noTip = random.uniform() < tipShare.zeroShare;
  const tip = tipShare.tippersMean + tipShare.tippersSd * random.normal();
  return noTip ? 0 : clamp(tip, 0, 1);
}

/** Cents, and the hundredths of a mile that the meter shows. */
function toHundredths(amount: number): number {
  return Math.round(amount * 100) / 100;
}

function clamp(value: number, minimum: number, maximum: number): number {
  return Math.min(Math.max(value, minimum), maximum);
}
