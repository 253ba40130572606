import { MeshError } from "#kit/rpc/errors.ts";
import type { Evidence } from "./evidence.ts";

/** Written first, so that another layout is refused instead of misread. */
const LAYOUT = 1;

/** Evidence as text, to go on from after a stop. JSON with maps, sets and the numbers that JSON lacks. */
export function writeEvidence(evidence: Evidence): string {
  return JSON.stringify({ layout: LAYOUT, evidence }, (_, value: unknown) => {
    if (value instanceof Map) return { $map: [...value] };
    if (value instanceof Set) return { $set: [...value] };
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
      return { $number: Object.is(value, -0) ? "-0" : String(value) };
    }
    return value;
  });
}

/** Fails with FAILED_PRECONDITION for text of another layout: then the streams are read again. */
export function readEvidence(text: string): Evidence {
  const read = JSON.parse(text, (_, value: Record<string, unknown> | unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if ("$map" in value) return new Map(value.$map as [unknown, unknown][]);
    if ("$set" in value) return new Set(value.$set as unknown[]);
    if ("$number" in value) return Number(value.$number);
    return value;
  }) as { layout?: number; evidence?: Evidence };
  if (read.layout === LAYOUT && read.evidence) return read.evidence;
  throw new MeshError(
    "FAILED_PRECONDITION",
    `the evidence has layout ${read.layout}, not ${LAYOUT}: read the streams again`,
  );
}
