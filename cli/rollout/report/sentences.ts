// What the report says in words; the same on a terminal and on the page.
import { Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { type Dimension, dimensions, type Slice } from "../../../services/rollout/report/slices.ts";
import {
  amountsOf,
  betweenText,
  countText,
  numberText,
  percentText,
  signedPercent,
} from "./amounts.ts";
import type { RolloutReport } from "./make-report.ts";

/** Names of the zones, by number. */
export type ZoneNames = ReadonlyMap<string, string>;

/** Candidate and live version by their names. */
export function namesOf({ rollout }: Pick<RolloutReport, "rollout">) {
  return { candidate: rollout.candidateVersion, base: rollout.liveVersion };
}

/** `tip: v2 against v1, 1,234 finished rides` */
export function titleOf(report: RolloutReport): string {
  const { candidate, base } = namesOf(report);
  const rides = countText(report.better.rides, "finished ride");
  return `${report.rollout.service}: ${candidate} against ${base}, ${rides}`;
}

/** The two sentences that most readers come for. */
export function findingsOf(report: RolloutReport): string[] {
  const { better, unit, metrics } = report;
  const { candidate, base } = namesOf(report);
  const [error] = metrics;
  if (!error || better.rides === 0) {
    return ["No finished ride has an answer of both versions and a truth yet."];
  }
  const amounts = amountsOf(unit);
  const of = (rides: number) => percentText(rides / better.rides);
  const { difference, mean, confidence } = error;
  const relative = mean.base > 0 ? ` (${signedPercent(difference.estimate / mean.base)})` : "";
  const verb = report.rollout.strategy === Strategy.SHADOW ? "would have been" : "is";
  return [
    `${candidate} ${verb} better than ${base} on ${percentText(better.share)} of the rides ` +
      `(95 % interval ${percentText(better.lower)} to ${percentText(better.upper)}), ` +
      `worse on ${of(better.worse)}, equal on ${of(better.equal)}.`,
    `Its mean error differs by ${amounts.signed(difference.estimate)}${relative}: ` +
      `${betweenText(amounts, difference)} with ${percentText(confidence)} confidence, ` +
      "however often one looks.",
  ];
}

/** What to keep in mind when reading the numbers. */
export function notesOf(report: RolloutReport): string[] {
  const { better, metrics, unit, hours, counts, read, served } = report;
  const cap = amountsOf(unit).plain(metrics[0]?.cap ?? 0);
  const notes = [
    "A difference is the candidate's error minus the live version's: below 0 the candidate is better. Errors " +
      `above ${cap} count as that much; of several answers to one ride the mean counts. Errors are told apart ` +
      `in steps of ${resolutionText(better.resolution, unit)}.`,
    leftOutText(report),
  ];
  if (served.candidate > 0) {
    notes.push(`Riders saw the candidate's answer on ${countText(served.candidate, "ride")}.`);
  }
  if (hours < 24 && better.rides > 0) {
    notes.push(`Only ${hours} of 24 hours of the day are in it: it is no sample of a day.`);
  }
  if (counts.late > 0) {
    notes.push(`${countText(counts.late, "message")} came after their ride was closed.`);
  }
  if (counts.tooMany > 0) {
    const rides = countText(counts.tooMany, "ride");
    notes.push(`${rides} had to be closed early, because too many were open.`);
  }
  if (read.unreadable > 0) {
    notes.push(`${countText(read.unreadable, "message")} could not be read.`);
  }
  return notes;
}

function leftOutText({ counts: { outcomes } }: RolloutReport): string {
  const left = [
    [outcomes["under way"], "not ended"],
    [outcomes.cancelled, "cancelled"],
    [outcomes["without a truth"], "without a truth"],
    [outcomes["without a pair"], "answered by one version only"],
  ] as const;
  const texts = left.flatMap(([rides, why]) => (rides > 0 ? [`${numberText(rides)} ${why}`] : []));
  return texts.length === 0 ? "No ride was left out." : `Left out: ${texts.join(", ")}.`;
}

/** About the slices: what the intervals allow for, and what is not shown. */
export function sliceNoteOf({ slices }: RolloutReport): string {
  const left = dimensions
    .filter((dimension) => slices.leftOut[dimension].slices > 0)
    .map((dimension) => {
      const { slices: count, rides } = slices.leftOut[dimension];
      const noun = dimension === "distance" ? "distance band" : dimension;
      return `${countText(count, noun)} with ${countText(rides, "ride")}`;
    });
  const not = left.length === 0 ? "" : ` Left out for fewer: ${left.join(", ")}.`;
  return (
    `${countText(slices.looked, "slice")} with at least ${slices.leastRides} rides; all their intervals hold at ` +
    `once with ${percentText(slices.confidence)} confidence, for the worst of many looks bad by luck too.${not}`
  );
}

/** Whether the slice is shown to be worse, or better, allowing for all that were looked at. */
export function sliceVerdict({ lower, upper }: Slice): "worse" | "better" | "not shown" {
  if (lower > 0) return "worse";
  return upper < 0 ? "better" : "not shown";
}

/** Names a slice: a zone by number and name. */
export function sliceName(dimension: Dimension, name: string, zones: ZoneNames): string {
  if (dimension !== "pickup zone" && dimension !== "drop-off zone") return name;
  const zone = zones.get(name);
  return zone === undefined ? name : `${name} ${zone}`;
}

function resolutionText(resolution: number, unit: RolloutReport["unit"]): string {
  if (unit === "min") return `${(60 * resolution).toFixed(2)} s`;
  return `${(100 * resolution).toFixed(2)} cents`;
}
