import { join } from "node:path";
import { readCard } from "#kit/model/bundle.ts";
import type { Deployment } from "./traffic.ts";

/**
 * The first day that no live model was trained on, `2021-02-01`: a replay of days that a model has learnt
 * by heart would flatter it. Undefined when no card names a month.
 */
export async function firstUnseenDay(
  root: string,
  deployments: readonly Deployment[],
): Promise<string | undefined> {
  const live = deployments.filter(({ weight }) => weight > 0);
  const months = await Promise.all(
    live.map(async ({ service, version }) => {
      const card = await readCard(join(root, "models", service, version));
      return card.training.months;
    }),
  );
  return firstDayAfter(months.flat());
}

/** The first day of the month after the latest of `2021-01` …. */
export function firstDayAfter(months: readonly string[]): string | undefined {
  const latest = months
    .filter((month) => /^\d{4}-\d{2}$/.test(month))
    .toSorted()
    .at(-1);
  if (latest === undefined) return undefined;
  const next = new Date(`${latest}-01T00:00:00Z`);
  next.setUTCMonth(next.getUTCMonth() + 1);
  return next.toISOString().slice(0, 10);
}
