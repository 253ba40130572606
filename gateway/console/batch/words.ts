import { amountsOf, numberText } from "../../../cli/rollout/report/amounts.ts";
import type { RunState } from "../../../services/batch/destination/destination.ts";
import type { DriftVerdict } from "../../../services/batch/report/drift.ts";
import type { JobView, RunView } from "../../batch/view.ts";
import { span } from "../releases/words.ts";

export { amountsOf, numberText, percentText } from "../../../cli/rollout/report/amounts.ts";

/** A sign beside each word, so that colour is never the only one. */
export const runSigns: Readonly<Record<RunState, string>> = {
  running: "▶",
  published: "✓",
  superseded: "↷",
  stopped: "✕",
  abandoned: "–",
};

export const driftSigns: Readonly<Record<DriftVerdict, string>> = {
  drifted: "✕",
  moved: "△",
  steady: "✓",
  "too few": "…",
};

/** `pickup zone` */
export function plainName(column: string): string {
  return column.replaceAll("_", " ");
}

/** `2021-02-03 04:30 UTC` */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export function nextText({ cron, nextMs }: JobView): string {
  return nextMs === null
    ? "no schedule: run by hand"
    : `next by its schedule (${cron}): ${utc(nextMs)}`;
}

/** `0.8 s`, `4 min 10 s`; empty while it runs. */
export function tookText({ startedMs, finishedMs }: RunView): string {
  if (finishedMs === null) return "";
  const ms = finishedMs - startedMs;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : span(ms);
}

/** A column's value as people write it: by the unit of the report, or by what the column's name ends in. */
export function cellText(
  column: string,
  value: unknown,
  unit: "min" | "USD" | "share" | undefined,
) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  const named = column.endsWith("_usd")
    ? "USD"
    : column.endsWith("_minutes")
      ? "min"
      : column.endsWith("_probability")
        ? "share"
        : undefined;
  const known = unit ?? named;
  if (known) return amountsOf(known).plain(value);
  return Number.isInteger(value) ? numberText(value) : value.toFixed(3);
}
