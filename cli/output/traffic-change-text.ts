import type { SetTrafficResponse } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { SlotTraffic, type Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { type Slot, slots } from "#kit/traffic/traffic.ts";
import { basisPointsText } from "./amounts.ts";
import { renderTable } from "./table.ts";

const columns = [
  { heading: "slot" },
  { heading: "version" },
  { heading: "share" },
  { heading: "before", align: "right" },
  { heading: "after", align: "right" },
] as const;

/** What was and what is now, and which Envoys have said so. */
export function changeLines(before: Traffic, after: SetTrafficResponse): string[] {
  const { traffic = before, acknowledgedBy, laggards } = after;
  if (traffic.revision === before.revision) {
    return [`The traffic of ${before.service} is so already: nothing was changed.`];
  }
  const rows = slots.flatMap((slot) => rowsOf(slot, before, traffic));
  const late = laggards.join(", ");
  return [
    ...renderTable(columns, rows),
    "",
    `${traffic.service} is at revision ${traffic.revision}, before it was ${before.revision}.`,
    acknowledgedBy.length > 0
      ? `Acknowledged by ${acknowledgedBy.join(", ")}.`
      : "No Envoy has acknowledged it.",
    ...(late === "" ? [] : [`Not within its time by ${late}: the change stands.`]),
  ];
}

function rowsOf(slot: Slot, before: Traffic, after: Traffic): string[][] {
  const [was, is] = [before, after].map((traffic) => traffic[slot] ?? SlotTraffic.create()) as [
    SlotTraffic,
    SlotTraffic,
  ];
  const row = (name: string, of: (traffic: SlotTraffic) => number) => [
    name,
    basisPointsText(of(was)),
    basisPointsText(of(is)),
  ];
  const segment = ({ weight, segmentWeight }: SlotTraffic) => segmentWeight ?? weight;
  const hasSegment = [was, is].some(({ segmentWeight }) => segmentWeight !== undefined);
  const rows = [
    row("riders", ({ weight }) => weight),
    ...(hasSegment ? [row("segment b", segment)] : []),
    ...(was.mirror + is.mirror > 0 ? [row("copies", ({ mirror }) => mirror)] : []),
  ];
  return rows.map((cells, i) => [...(i === 0 ? [slot, is.version || "–"] : ["", ""]), ...cells]);
}
