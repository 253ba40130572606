import type { AreTheInputs } from "../../gateway/story/check-inputs.ts";
import type { Chapter, Saying, TripStory } from "../../gateway/story/story.ts";
import { toNewYork } from "../client/new-york.ts";
import { minutesText, usdText } from "./amounts.ts";

/** The story of a trip, for a person; `areTheInputs` tells of each saying whether its inputs are proved. */
export function storyLines(
  { tripId, pickupZone, dropoffZone, chapters, truth }: TripStory,
  areTheInputs: (saying: Saying) => AreTheInputs,
): string[] {
  return [
    `trip ${tripId}, zone ${pickupZone} to zone ${dropoffZone}`,
    ...chapters.flatMap((chapter) => chapterLines(chapter, areTheInputs)),
    ...(truth
      ? [
          "",
          `truth: ${minutesText(truth.minutes)}, ${usdText(truth.costUsd)}, tip ${tipText(truth.tipUsd)}`,
        ]
      : ["", "truth: not known yet"]),
    ...errorLines(chapters, truth?.minutes),
  ];
}

function chapterLines(
  { seq, event, occurredAt, sayings }: Chapter,
  areTheInputs: (saying: Saying) => AreTheInputs,
): string[] {
  const at = occurredAt ? `, ${toNewYork(occurredAt)} in New York` : "";
  return [
    "",
    `${seq}. ${event}${at}`,
    ...sayings.flatMap((saying) => sayingLines(saying, areTheInputs(saying))),
  ];
}

function sayingLines(saying: Saying, areTheInputs: AreTheInputs): string[] {
  const { service, version, slot, digest, lower, upper, value, traceId, intervalScale } = saying;
  const text = textOf(service);
  const quantity = service === "dynamic-duration" ? "duration" : service;
  const by = [service, version, slot, digest.slice(0, 12)].filter((word) => word !== "").join(" ");
  const scale = intervalScale === 1 ? "" : `, interval widened ${intervalScale.toFixed(2)} times`;
  const trace = traceId === "" ? "" : `, trace ${traceId}`;
  return [
    `   ${quantity} ${text(value)} (${text(lower)} to ${text(upper)})${changeText(saying)}`,
    `     by ${by}${scale}${trace}`,
    ...becauseLines(saying).map((line) => `     ${line}`),
    ...(areTheInputs === undefined ? [] : [`     ${proofText(areTheInputs)}`]),
  ];
}

function changeText({ service, change }: Saying): string {
  if (change === undefined) return "";
  const text = textOf(service);
  return `, ${change < 0 ? "-" : "+"}${text(Math.abs(change))}`;
}

function becauseLines({ inputs, changedInputs, isOtherVersion, change }: Saying): string[] {
  if (!inputs) return ["no model answered: from the table of zone pairs"];
  const values = (names: readonly string[]) =>
    names.map((name) => `${name} ${numberText(inputs[name])}`).join(", ");
  if (change === undefined || changedInputs.length === 0) {
    const other = isOtherVersion ? ["another version than before"] : [];
    return [...other, `from ${values(Object.keys(inputs))}`];
  }
  const also = isOtherVersion ? "another version, and " : "";
  return [`because ${also}${values(changedInputs)} (the rest as before)`];
}

function proofText(areTheInputs: boolean): string {
  return areTheInputs
    ? "these are the inputs that the model was fed, by their hash"
    : "NOT the inputs that the model was fed: their hash is another";
}

/** How far the first and the last estimate were from the truth. */
function errorLines(chapters: readonly Chapter[], truth: number | undefined): string[] {
  if (truth === undefined) return [];
  const minutes = chapters.flatMap(({ sayings }) =>
    sayings.filter(({ service }) => textOf(service) === minutesText).map(({ value }) => value),
  );
  const [first] = minutes;
  const last = minutes.at(-1);
  if (first === undefined || last === undefined) return [];
  const off = (value: number) => {
    const by = minutesText(Math.abs(value - truth));
    return value < truth ? `${by} too short` : `${by} too long`;
  };
  const corrected = minutes.length > 1 ? `, the last correction ${off(last)}` : "";
  return [`the first estimate was ${off(first)}${corrected}`];
}

function textOf(service: string): (amount: number) => string {
  return service === "tip" || service === "cost" ? usdText : minutesText;
}

function tipText(usd: number): string {
  return Number.isNaN(usd) ? "not known" : usdText(usd);
}

function numberText(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "unknown";
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}
