import type { ModelService } from "#kit/traffic/traffic.ts";
import type { Rides } from "../../../../cli/evaluate/rides.ts";
import { targets } from "../../../../cli/evaluate/target.ts";
import { metricsOf } from "../plan.ts";
import type { Answers, createScoring } from "./answers.ts";
import { meanLoss, worsen } from "./worsen.ts";

/** What the judge should say in the end. */
export type Expected = "FAIL" | "PASS";

/** Two versions to be judged, with what they say about every ride of the month. */
export interface Pair {
  readonly name: string;
  readonly service: ModelService;
  readonly base: Answers;
  readonly candidate: Answers;
  /** By ride, NaN where nobody knows. */
  readonly truth: Float64Array;
  readonly price?: Float64Array;
  readonly expected: Expected;
  /** Replayed from as many starts as needed to see a rare wrong verdict. */
  readonly isLong: boolean;
}

/** Mean loss of the candidate over the whole month, against the base's: what the judge has to find out. */
export function trueHarm({ service, base, candidate, truth }: Pair): number {
  const cap = metricsOf(service)[0]?.cap ?? Number.POSITIVE_INFINITY;
  return meanLoss(candidate.value, truth, cap) / meanLoss(base.value, truth, cap) - 1;
}

/** All pairs of the proof. */
export async function createPairs(rides: Rides, score: Score): Promise<Pair[]> {
  return [...(await durationPairs(rides, score)), ...(await pricePairs(rides, score))];
}

type Score = ReturnType<typeof createScoring>;

async function durationPairs(rides: Rides, score: Score): Promise<Pair[]> {
  const v2 = await score("duration/v2");
  const v1 = await score("duration/v1");
  const { minutes: truth, costUsd: price } = rides;
  const pair = (
    name: string,
    candidate: Answers,
    expected: Expected,
    change: Partial<Pair> = {},
  ) => ({
    ...({ service: "duration", base: v2, truth, price, isLong: false } as const),
    ...{ name, candidate, expected },
    ...change,
  });
  const worse = (by: number, seed = String(by)) => worsen(v2, { truth, cap: 30, by, seed });
  const long = { isLong: true };
  return [
    pair("v2 → v4-zones", await score("duration/v4-zones"), "FAIL"),
    pair("v2 → v3-utc", await score("duration/v3-utc"), "FAIL"),
    pair("v2 → v1", v1, "FAIL"),
    pair("v2 → v2 with noise, 10 % worse", worse(0.1), "FAIL"),
    pair("v2 → v2 with noise, 5 % worse", worse(0.05), "FAIL"),
    pair("v2 → v2 with noise, 2 % worse", worse(0.02), "FAIL", long),
    pair("v2 → identical copy", v2, "PASS", long),
    ...[0.01, 0.05].map((by) =>
      pair(`v2 with ${100 * by} % noise → other noise, as bad`, worse(by, `${by}, other`), "PASS", {
        base: worse(by, `${by}, one`),
        ...long,
      }),
    ),
    pair("v1 → v2", v2, "PASS", { base: v1 }),
  ];
}

async function pricePairs(rides: Rides, score: ReturnType<typeof createScoring>): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const [service, mistake] of [
    ["cost", "zones+1"],
    ["tip", "zones+1"],
  ] as const) {
    const [v1, v2, broken] = [
      await score(`${service}/v1`),
      await score(`${service}/v2`),
      await score(`${service}/v2`, mistake),
    ];
    const all = { service, truth: targets[service].truth(rides), isLong: false } as const;
    pairs.push(
      { ...all, name: `v2 → v2 fed ${mistake}`, base: v2, candidate: broken, expected: "FAIL" },
      { ...all, name: "v2 → v1", base: v2, candidate: v1, expected: "FAIL" },
      { ...all, name: "v1 → v2", base: v1, candidate: v2, expected: "PASS" },
    );
  }
  return pairs;
}
