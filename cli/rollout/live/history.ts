import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";

/** The confidence interval of the realised error at one look, as shares of the live version's error. */
export interface IntervalLook {
  /** Finished pairs. */
  readonly n: number;
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

const LEAST_GROWTH = 1.05;

/** The gate that decides. */
export const DECISIVE = "realised error";

/** The numbers of one gate; none before a look had it. */
export function numbersOf(
  { gates }: Pick<Rollout, "gates">,
  name: string,
): Readonly<Record<string, number>> {
  return gates.find(({ gate }) => gate === name)?.numbers ?? {};
}

/** The interval of the newest look; undefined as long as nothing is known. */
export function intervalOf(rollout: Pick<Rollout, "gates">): IntervalLook | undefined {
  const numbers = numbersOf(rollout, DECISIVE);
  const { n, relative: estimate, relativeLower: lower, relativeUpper: upper } = numbers;
  if (n === undefined || estimate === undefined) return undefined;
  if (lower === undefined || upper === undefined) return undefined;
  if (![n, estimate, lower, upper].every(Number.isFinite) || lower >= upper) return undefined;
  return { n, estimate, lower, upper };
}

/** What the decisions of the judge rested on: a history for who begins to watch in the middle. */
export function historyOf({ decisions }: Rollout): IntervalLook[] {
  return decisions
    .flatMap(({ evidence: gates }) => intervalOf({ gates }) ?? [])
    .filter(({ n }, i, all) => n !== all[i - 1]?.n);
}

/**
 * Adds a look that brought new pairs. Kept are the newest and looks that have a twentieth more pairs than the one
 * before them, so that of a thousand million pairs there are some four hundred.
 */
export function addLook(history: readonly IntervalLook[], rollout: Rollout): IntervalLook[] {
  const look = intervalOf(rollout);
  const [before, last] = [history.at(-2), history.at(-1)];
  if (!look || look.n === last?.n) return [...history];
  const isNear = before !== undefined && last !== undefined && last.n < LEAST_GROWTH * before.n;
  return [...(isNear ? history.slice(0, -1) : history), look];
}

/**
 * A few looks that show how the interval became narrower, oldest first: the newest, and those with about a half, a
 * quarter … of its pairs.
 */
export function pickLooks(history: readonly IntervalLook[], count: number): IntervalLook[] {
  const newest = history.at(-1);
  if (!newest) return [];
  const picked = [newest];
  for (let wanted = newest.n / 2; picked.length < count && wanted >= 1; wanted /= 2) {
    const limit = (picked[0]?.n ?? 0) / 1.3; // two that are nearly the same show nothing
    const near = history
      .filter(({ n }) => n <= limit)
      .reduce<IntervalLook | undefined>(
        (a, b) => (a && Math.abs(a.n - wanted) <= Math.abs(b.n - wanted) ? a : b),
        undefined,
      );
    if (!near) break;
    picked.unshift(near);
  }
  return picked;
}
