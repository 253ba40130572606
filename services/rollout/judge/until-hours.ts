import { QUARTER_MS } from "./evidence.ts";
import type { Look } from "./look.ts";
import type { JudgePlan } from "./plan.ts";

const HOUR_MS = 3_600_000;

type Known = Pick<Look, "nowMs" | "hours" | "strata">;
type Wanted = Pick<JudgePlan, "maturityMs" | "leastHours">;

/** Event time until the first cohort has matured, ms: its quarter of an hour, and then the age. */
export function untilMatured(look: Known, plan: Wanted): number {
  const lineMs = maturedUntil(look, plan);
  return Number.isFinite(lineMs) ? Math.max(0, firstQuarter(look) - lineMs) : Number.NaN;
}

/**
 * Event time until matured trips cover as many hours of the day as are needed, ms, if trips go on without a gap: each
 * next hour counts as soon as its first quarter has matured. Not a number before anything was requested.
 */
export function untilHours(look: Known, plan: Wanted): number {
  const missing = plan.leastHours - look.hours;
  if (missing <= 0) return 0;
  const lineMs = maturedUntil(look, plan);
  if (!Number.isFinite(lineMs)) return Number.NaN;
  const first = look.hours === 0 ? Math.max(lineMs, firstQuarter(look)) : nextHour(lineMs);
  const last = missing === 1 ? first : nextHour(first) + (missing - 2) * HOUR_MS;
  return last - lineMs;
}

/** Cohorts that begin up to then have matured. */
function maturedUntil({ nowMs }: Known, { maturityMs }: Wanted): number {
  return nowMs - maturityMs - QUARTER_MS;
}

function firstQuarter({ strata, nowMs }: Known): number {
  const firstMs = Math.min(nowMs, ...strata.map((stratum) => stratum.firstMs ?? nowMs));
  return Math.floor(firstMs / QUARTER_MS) * QUARTER_MS;
}

function nextHour(ms: number): number {
  return (Math.floor(ms / HOUR_MS) + 1) * HOUR_MS;
}
