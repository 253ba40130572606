import { MeshError } from "#kit/rpc/errors.ts";
import type { Job } from "./spec.ts";

/** A span of time, `[fromMs, toMs)`, on the clock of the source's time column. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

type Period = Job["window"];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More windows than this in one command is more likely a slip of the pen. */
const MOST_WINDOWS = 10_000;

/** The window that holds `ms`. */
export function windowAt(period: Period, ms: number): Window {
  const fromMs = startOf(period, ms);
  return { fromMs, toMs: endOf(period, fromMs) };
}

/** The last window that is over at `ms`. */
export function lastWindow(period: Period, ms: number): Window {
  return windowAt(period, startOf(period, ms) - 1);
}

/** Every window from one time to another. Fails unless both are the start of one. */
export function windowsBetween(period: Period, fromMs: number, toMs: number): Window[] {
  for (const [option, ms] of Object.entries({ from: fromMs, to: toMs })) {
    if (startOf(period, ms) === ms) continue;
    throw new MeshError(
      "INVALID_ARGUMENT",
      `--${option} ${timeText(ms)} is not the start of a ${period}: the job's windows are whole ${period}s`,
    );
  }
  if (toMs <= fromMs) throw new MeshError("INVALID_ARGUMENT", "--to must be after --from");
  const windows: Window[] = [];
  for (let at = fromMs; at < toMs; at = endOf(period, at)) {
    windows.push({ fromMs: at, toMs: endOf(period, at) });
    if (windows.length > MOST_WINDOWS) {
      throw new MeshError("INVALID_ARGUMENT", `more than ${MOST_WINDOWS} windows`);
    }
  }
  return windows;
}

/** `2021-01-01` or `2021-01-01T05:00`: without seconds where there are none. */
export function timeText(ms: number): string {
  const text = new Date(ms).toISOString();
  if (text.endsWith("T00:00:00.000Z")) return text.slice(0, 10);
  return text.endsWith(":00.000Z") ? text.slice(0, 16) : text.replace(".000Z", "");
}

/** `2021-01-01 to 2021-02-01`, the end not included. */
export function windowText({ fromMs, toMs }: Window): string {
  return `${timeText(fromMs)} to ${timeText(toMs)}`;
}

/** Reads `2021-01`, `2021-01-31` or `2021-01-31T05:00`; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2})?)?)?$/.test(text)) return undefined;
  const ms = Date.parse(text.includes("T") ? `${text}Z` : text);
  // Date.parse takes 31 February for a day in March.
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 10))
    ? ms
    : undefined;
}

function startOf(period: Period, ms: number): number {
  if (period === "hour") return Math.floor(ms / HOUR_MS) * HOUR_MS;
  if (period === "day") return Math.floor(ms / DAY_MS) * DAY_MS;
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

function endOf(period: Period, fromMs: number): number {
  if (period === "hour") return fromMs + HOUR_MS;
  if (period === "day") return fromMs + DAY_MS;
  const date = new Date(fromMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
