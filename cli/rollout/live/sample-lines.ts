import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { DECISIVE, numbersOf } from "./history.ts";
import { wrap } from "./wrap.ts";

/** What the verdict rests on, in numbers; nothing before the first look. */
export function sampleLines(rollout: Rollout, columns: number): string[] {
  const { n, matured, maturedNeeded } = numbersOf(rollout, DECISIVE);
  if (n === undefined) return [];
  const { candidateVersion, liveVersion } = rollout;
  const { candidate, base } = numbersOf(rollout, "split");
  const { requested, allRequested } = numbersOf(rollout, "answers");
  const { hours, hoursNeeded } = numbersOf(rollout, "hours of the day");
  const { assignedCandidate, assignedBase } = numbersOf(rollout, "sample ratio");
  const sentences = [
    `${count(n)} finished trips paired: both versions answered.`,
    candidate !== undefined &&
      base !== undefined &&
      `Shown to riders: ${count(candidate)} by ${candidateVersion}, ${count(base)} by ${liveVersion}.`,
    assignedCandidate !== undefined &&
      assignedBase !== undefined &&
      `Riders in this stage: ${count(assignedCandidate)} and ${count(assignedBase)}.`,
    `${count(matured ?? 0)} of ${count(maturedNeeded ?? 0)} needed pairs matured${maturedShare(requested, allRequested)}.`,
    hours !== undefined && `${hours} of ${hoursNeeded ?? 24} hours of the day.`,
  ].filter((sentence) => typeof sentence === "string");
  return wrap(sentences.join(" "), columns);
}

function maturedShare(requested: number | undefined, all: number | undefined): string {
  if (requested === undefined || !all) return "";
  return ` (${((100 * requested) / all).toFixed(0)} % of all ${count(all)} requested trips)`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
