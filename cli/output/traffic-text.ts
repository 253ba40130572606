import { slots } from "#kit/traffic/traffic.ts";
import type { ComparedTraffic } from "../traffic/compare.ts";
import { basisPointsText } from "./amounts.ts";
import { renderTable } from "./table.ts";

const columns = [
  { heading: "service" },
  { heading: "slot" },
  { heading: "version" },
  { heading: "decided", align: "right" },
  { heading: "in force", align: "right" },
  { heading: "segment b", align: "right" },
  { heading: "in force", align: "right" },
  { heading: "mirror", align: "right" },
  { heading: "" },
] as const;

/** Which Envoy was asked, if any, and why it did not answer. */
export interface AskedEnvoy {
  readonly admin: string | undefined;
  readonly silent: string | undefined;
}

/** The table of all services, and below it what is set by hand and how to clear it. */
export function trafficLines(all: readonly ComparedTraffic[], asked: AskedEnvoy): string[] {
  const rows = all.flatMap((traffic) => slots.map((slot, i) => row(traffic, slot, i === 0)));
  return [...renderTable(columns, rows), ...remarks(all, asked)];
}

function row(traffic: ComparedTraffic, slot: "blue" | "green", isFirst: boolean): string[] {
  const { service, slots: both, overrides } = traffic;
  const { version, weight, mirror, segmentWeight, inForce, differs } = both[slot];
  const marks = [
    ...(overrides.some((key) => key.endsWith(slot)) ? ["by hand"] : []),
    ...(differs === true && overrides.length === 0 ? ["not as decided"] : []),
  ];
  return [
    isFirst ? service : "",
    slot,
    version || "–",
    basisPointsText(weight),
    basisPointsText(inForce?.traffic.weight),
    basisPointsText(segmentWeight),
    basisPointsText(inForce?.segment.weight),
    basisPointsText(mirror),
    marks.length === 0 ? "" : `← ${marks.join(", ")}`,
  ];
}

function remarks(all: readonly ComparedTraffic[], { admin, silent }: AskedEnvoy): string[] {
  const keys = all.flatMap(({ overrides }) => overrides);
  if (admin === undefined) return ["", "No Envoy was named: what is in force is not known."];
  if (silent !== undefined) {
    return ["", `What is in force is not known: no answer from Envoy at ${admin} (${silent}).`];
  }
  return overrideLines(keys, admin);
}

/** What is set by hand in Envoy, and how to clear it; nothing when nothing is. */
export function overrideLines(keys: readonly string[], admin: string): string[] {
  if (keys.length === 0) return [];
  const cleared = keys.map((key) => `${key}=`).join("&");
  return [
    "",
    `Set by hand in Envoy, for requests only, and stronger than what was decided: ${keys.join(", ")}`,
    `To clear it: curl -X POST "http://${admin}/runtime_modify?${cleared}"`,
  ];
}
