import { type Rollout, RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { SlotTraffic, type Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { basisPointsText } from "../../output/amounts.ts";
import type { Style } from "../../output/style.ts";
import { pad } from "./wrap.ts";

const PARTS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of `columns` cells, to an eighth of a cell; a weight above 0 is always seen, one below all is never full. */
export function bar(basisPoints: number, columns: number): string {
  const share = Math.min(1, Math.max(0, basisPoints / TOTAL_WEIGHT));
  let eighths = Math.round(share * columns * 8);
  if (share > 0) eighths = Math.max(1, eighths);
  if (share < 1) eighths = Math.min(columns * 8 - 1, eighths);
  const text = "█".repeat(Math.floor(eighths / 8)) + (PARTS[eighths % 8] ?? "");
  return pad(text, columns);
}

/** After a promotion the candidate is what is live. */
function roleOf(rollout: Rollout, slot: string, version: string): string {
  if (version === "") return "empty";
  const isCandidate = slot === rollout.candidateSlot && version === rollout.candidateVersion;
  if (rollout.state === RolloutState.PROMOTED) return isCandidate ? "live" : "before";
  return isCandidate ? "candidate" : "live";
}

/** Both slots with their version, role and weight, a line each. */
export function weightLines(
  traffic: Traffic,
  rollout: Rollout,
  { columns, style }: { readonly columns: number; readonly style: Style },
): string[] {
  const slots = (["blue", "green"] as const).map((name) => ({
    name,
    ...(traffic[name] ?? SlotTraffic.create()),
  }));
  const versions = Math.max(...slots.map(({ version }) => [...version].length), 1);
  return slots.map(({ name, version, weight, mirror, segmentWeight }) => {
    const role = roleOf(rollout, name, version);
    const head = `${pad(name, 5)}  ${pad(version || "–", versions)}  ${pad(role, 9)}  `;
    const rest = [
      basisPointsText(weight).padStart(9),
      ...(segmentWeight === undefined ? [] : [`segment b ${basisPointsText(segmentWeight)}`]),
      ...(mirror > 0 ? [`copies of ${basisPointsText(mirror)}`] : []),
    ].join("  ");
    const room = Math.max(0, columns - head.length - rest.length);
    const drawn = room < 8 ? "" : bar(weight, Math.min(room, 60));
    return `${head}${role === "candidate" ? style.warn(drawn) : style.good(drawn)}${rest}`;
  });
}
