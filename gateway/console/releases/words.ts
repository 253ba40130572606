import type { RolloutStateName, VerdictName } from "../../releases/view.ts";

/** Basis points as percent: `5 %`, `0.25 %`. */
export function percent(basisPoints: number): string {
  return `${Number((basisPoints / 100).toFixed(2))} %`;
}

/** A share as percent with its sign: `+2.3 %`, `−0.4 %`. */
export function signedShare(share: number): string {
  const size = Math.abs(100 * share);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return `${share < 0 ? "−" : "+"}${size.toFixed(digits)} %`;
}

/** `12,345` */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** `13:05:22`, with the day when it was another: the server's instants on the reader's clock. */
export function when(ms: number, now = Date.now()): string {
  const isToday = new Date(ms).toDateString() === new Date(now).toDateString();
  return isToday ? clock.format(ms) : `${day.format(ms)}, ${clock.format(ms)}`;
}

/** A span in its two largest units: `4 min 10 s`, `2 d 3 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = units.findIndex(([size]) => size > 0);
  if (first < 0) return "0 s";
  return units
    .slice(first, first + 2)
    .filter(([size]) => size > 0)
    .map(([size, unit]) => `${size} ${unit}`)
    .join(" ");
}

/** A sign beside each word, so that colour is never the only one. */
export const verdictSigns: Readonly<Record<VerdictName, string>> = {
  none: "·",
  PASS: "✓",
  FAIL: "✕",
  CONTINUE: "…",
  HOLD: "‖",
};

export const stateSigns: Readonly<Record<RolloutStateName, string>> = {
  running: "▶",
  paused: "‖",
  held: "‖",
  promoted: "✓",
  aborted: "✕",
};

/** What a state means for who reads it. */
export const stateWords: Readonly<Record<RolloutStateName, string>> = {
  running: "running",
  paused: "paused",
  held: "held: a person decides",
  promoted: "promoted",
  aborted: "aborted",
};

/** The two places of a service; blue stands first everywhere. */
export const slots = ["blue", "green"] as const;
