import { type Arm, arms, type ByArm, type Operated } from "./fact.ts";

const kinds = [
  "requests",
  "errors",
  "timed",
  "slow",
  "slowSeconds",
  "redelivered",
  "redeliveredSeconds",
] as const;

/** What is counted of requests to either version; the words are those of `Operated`. */
export type Operations = Readonly<Record<(typeof kinds)[number], ByArm>>;

/** The highest report of each source in each stratum, by its index. */
export type Counters = Map<string, Map<number, Operations>>;

const MOST_SOURCES = 1_000;

export const NO_OPERATIONS: Operations = {
  requests: { candidate: 0, base: 0 },
  errors: { candidate: 0, base: 0 },
  timed: { candidate: 0, base: 0 },
  slow: { candidate: 0, base: 0 },
  slowSeconds: { candidate: 0, base: 0 },
  redelivered: { candidate: 0, base: 0 },
  redeliveredSeconds: { candidate: 0, base: 0 },
};

/** Notes a report, in place. Counters only rise, so the highest is the latest, in whatever order they come. */
export function noteOperations(counters: Counters, stratum: number, report: Operated): void {
  const of = counters.get(report.source) ?? new Map<number, Operations>();
  if (of.size === 0 && counters.size >= MOST_SOURCES) return;
  counters.set(report.source, of);
  of.set(stratum, combine(of.get(stratum) ?? NO_OPERATIONS, report, Math.max));
}

/**
 * What was counted in a stratum: of each source its highest report there, less its highest before, because
 * counters go on over a change of weights.
 */
export function operationsIn(counters: Counters, stratum: number): Operations {
  let sum = NO_OPERATIONS;
  for (const reports of counters.values()) {
    const here = reports.get(stratum);
    if (!here) continue;
    const before = Math.max(...[...reports.keys()].filter((index) => index < stratum));
    const grown = combine(here, reports.get(before) ?? NO_OPERATIONS, (a, b) => Math.max(0, a - b));
    sum = combine(sum, grown, (a, b) => a + b);
  }
  return sum;
}

function combine(a: Operations, b: Operations, by: (a: number, b: number) => number): Operations {
  const result = structuredClone(NO_OPERATIONS) as Record<keyof Operations, Record<Arm, number>>;
  for (const kind of kinds) {
    for (const arm of arms) result[kind][arm] = by(a[kind][arm], b[kind][arm]);
  }
  return result;
}
