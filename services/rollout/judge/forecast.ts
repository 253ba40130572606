import { Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { QUARTER_MS } from "./evidence.ts";
import type { Gate, Missing } from "./gates/gate.ts";
import type { Pace } from "./pace.ts";

/** What is likely to come first, and when. For people who wait; decides nothing. */
export interface Forecast {
  /** FAIL, PASS, or HOLD at the deadline; unspecified when nothing is foreseeable. */
  readonly verdict: Verdict;
  /** By the server's clock, ms; undefined when it is not foreseeable. */
  readonly waitMs: number | undefined;
  /** The gate that fails, or takes longest to pass; empty otherwise. */
  readonly gate: string;
  readonly because: string;
}

export interface ForecastOptions {
  readonly gates: readonly Gate[];
  /** Undefined before it is known. */
  readonly pace: Pace | undefined;
  readonly maturityMs: number;
  /** Until the deadline, by the server's clock, ms; undefined while nothing but a FAIL acts by itself. */
  readonly deadlineInMs: number | undefined;
}

/** When one gate is there, by the server's clock, ms; ∞ where that cannot be said. */
interface Due {
  readonly gate: string;
  readonly waitMs: number;
}

/**
 * How long a decision about the present stage takes, if estimates and pace stay as they are.
 *
 * The half-width of a confidence sequence shrinks with the pairs as `scoreBound(V) / V`, V in proportion to their
 * number (Howard et al. 2021, arXiv:1810.08240, Prop. 3); the number at which it is as small as the distance between
 * the estimate and the line (0 for FAIL, the margin for PASS) is what the gates of metrics have missing, see
 * `statistics/pairs-until.ts`. Divided by the pairs that came in the last minutes this is a time. A PASS waits
 * besides for the pairs to mature, for the hours of the day and for the bake time, in event time, which passes as it
 * did in the same minutes. The estimate itself moves, so early forecasts are often wrong.
 */
export function forecast(options: ForecastOptions): Forecast {
  const { gates, pace, deadlineInMs } = options;
  const fail = soonest(gates, pace);
  const pass = deadlineInMs === undefined ? undefined : latest(options);
  if (fail.waitMs <= (pass?.waitMs ?? Number.POSITIVE_INFINITY) && Number.isFinite(fail.waitMs)) {
    const because = `FAIL in ${spanText(fail.waitMs)} at the present rate and estimate, by ${fail.gate}.`;
    return orDeadline({ verdict: Verdict.FAIL, ...fail, because }, deadlineInMs);
  }
  if (!pass || deadlineInMs === undefined)
    return unforeseen("Nothing but a FAIL acts by itself now");
  if (Number.isFinite(pass.waitMs)) {
    const longest = pass.gate === "" ? "" : `; ${pass.gate} ${takes(pass.gate)} longest`;
    const because = `PASS in ${spanText(pass.waitMs)} at the present rate and estimate${longest}.`;
    return orDeadline({ verdict: Verdict.PASS, ...pass, because }, deadlineInMs);
  }
  const why = pace === undefined ? "the rate is not known yet" : whyNot(pass.gate, pace);
  const because = `Not foreseeable: ${why}. A person is asked at the deadline, in ${spanText(deadlineInMs)}.`;
  return { verdict: Verdict.UNSPECIFIED, waitMs: undefined, gate: pass.gate, because };
}

/** The first gate that fails. */
function soonest(gates: readonly Gate[], pace: Pace | undefined): Due {
  const due = gates.map(({ gate, pairsToFail }) => ({
    gate,
    waitMs: pairsToFail === undefined ? Number.POSITIVE_INFINITY : waitFor(pairsToFail, pace),
  }));
  return due.reduce((a, b) => (b.waitMs < a.waitMs ? b : a), {
    gate: "",
    waitMs: Number.POSITIVE_INFINITY,
  });
}

/** The last gate that passes. */
function latest({ gates, pace, maturityMs }: ForecastOptions): Due {
  return gates
    .filter(({ isRequired, verdict }) => isRequired && verdict !== Verdict.PASS)
    .map(({ gate, toPass }) => ({
      gate,
      waitMs: toPass && pace ? waitToPass(toPass, pace, maturityMs) : Number.POSITIVE_INFINITY,
    }))
    .reduce((a, b) => (b.waitMs > a.waitMs ? b : a), { gate: "", waitMs: 0 });
}

function waitToPass(
  { pairs = 0, maturedPairs, eventMs = 0 }: Missing,
  pace: Pace,
  maturityMs: number,
): number {
  // Pairs that are there already have matured a part of the way.
  const perPair = pace.pairs > 0 ? pace.eventMs / pace.pairs : Number.POSITIVE_INFINITY;
  const matureMs =
    maturedPairs === undefined ? 0 : maturityMs + QUARTER_MS + maturedPairs * perPair;
  const wait = Math.max(waitFor(pairs, pace), eventWait(Math.max(0, matureMs, eventMs), pace));
  return Number.isNaN(wait) ? Number.POSITIVE_INFINITY : wait;
}

function waitFor(pairs: number, pace: Pace | undefined): number {
  if (pairs <= 0) return 0;
  if (!pace || pace.pairs <= 0) return Number.POSITIVE_INFINITY;
  return (pairs / pace.pairs) * pace.wallMs;
}

function eventWait(eventMs: number, pace: Pace): number {
  if (eventMs === 0) return 0;
  if (pace.eventMs <= 0) return Number.POSITIVE_INFINITY;
  return (eventMs / pace.eventMs) * pace.wallMs;
}

function orDeadline(found: Forecast, deadlineInMs: number | undefined): Forecast {
  if (deadlineInMs === undefined || (found.waitMs ?? 0) <= deadlineInMs) return found;
  const because = `The deadline comes first, in ${spanText(deadlineInMs)}: then a person is asked. ${found.because}`;
  return { verdict: Verdict.HOLD, waitMs: deadlineInMs, gate: "", because };
}

function unforeseen(why: string): Forecast {
  return { verdict: Verdict.UNSPECIFIED, waitMs: undefined, gate: "", because: `${why}.` };
}

function whyNot(gate: string, pace: Pace): string {
  if (pace.pairs <= 0) return "no trip was paired in the last minutes";
  return `as it is now, ${gate} would neither pass nor fail`;
}

function takes(gate: string): "take" | "takes" {
  return gate.startsWith("hours") || gate.endsWith("errors") || gate === "answers"
    ? "take"
    : "takes";
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** As exact as a forecast is: `about 15 s`, `about 4 min`, `about 3 h`, `about 12 days`. */
export function spanText(ms: number): string {
  if (ms < 90 * SECOND_MS) return `about ${Math.max(5, 5 * Math.round(ms / (5 * SECOND_MS)))} s`;
  if (ms < 90 * MINUTE_MS) return `about ${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `about ${Math.round(ms / HOUR_MS)} h`;
  return `about ${Math.round(ms / DAY_MS)} days`;
}
