import type { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import {
  type GateResult,
  type Rollout,
  RolloutState,
  type Verdict,
} from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { stateName, strategyText, verdictName } from "#kit/releases/words.ts";
import { renderPairs, renderTable } from "./table.ts";

export function verdictText(verdict: Verdict): string {
  return verdictName(verdict) ?? "-";
}

function stateText(state: RolloutState): string | undefined {
  return state === RolloutState.HELD ? "held: a person decides" : stateName(state);
}

/** A rollout in a line of a table. */
export function rolloutCells(rollout: Rollout): string[] {
  const { rolloutId, service, liveVersion, candidateVersion } = rollout;
  return [
    rolloutId,
    service,
    `${liveVersion} to ${candidateVersion}`,
    strategyText(rollout),
    stageText(rollout),
    stateName(rollout.state) ?? "?",
    verdictText(rollout.verdict),
    rollout.createTime?.toISOString() ?? "",
  ];
}

export const rolloutColumns = [
  "rollout",
  "service",
  "versions",
  "strategy",
  "stage",
  "state",
  "verdict",
  "started",
].map((heading) => ({ heading }));

function stageText({ currentStage, stages, state }: Rollout): string {
  if (currentStage === 0) return state === RolloutState.ABORTED ? "none" : "deploying";
  return `${currentStage}/${stages.length} ${stages[currentStage - 1]?.name ?? ""}`.trim();
}

/** A rollout as it is now: where it is, and gate by gate what the evidence says. */
export function rolloutLines(rollout: Rollout): string[] {
  const last = rollout.decisions.at(-1);
  return [
    ...renderPairs([
      ["rollout", rollout.rolloutId],
      ["service", rollout.service],
      [
        "versions",
        `${rollout.liveVersion} is live, ${rollout.candidateVersion} is the candidate, in ${rollout.candidateSlot}`,
      ],
      ["strategy", strategyText(rollout)],
      ["state", stateText(rollout.state)],
      ["stage", stageText(rollout)],
      ["verdict", verdictText(rollout.verdict)],
      ["forecast", rollout.forecast?.because],
      ["last decision", last && `${last.what}, by ${last.who}: ${last.why}`],
    ]),
    ...gateLines(rollout.gates),
  ];
}

export function gateLines(gates: readonly GateResult[]): string[] {
  if (gates.length === 0) return [];
  const columns = ["gate", "verdict", "because"].map((heading) => ({ heading }));
  return renderTable(
    columns,
    gates.map(({ gate, verdict, because }) => [gate, verdictText(verdict), because]),
  );
}

/** One entry of the log of releases, in a few lines. */
export function entryLines({ time, body }: ReleaseEntry): string[] {
  const at = time?.toISOString() ?? "";
  const indented = (lines: readonly string[]) => lines.map((line) => `    ${line}`);
  switch (body?.$case) {
    case "started": {
      const { service, candidateVersion, liveVersion, decisions } = body.value;
      const [start] = decisions;
      const why = start?.why ? `: ${start.why}` : "";
      return [
        `${at}  started by ${start?.who ?? "?"}${why}`,
        ...indented([
          `${service} ${liveVersion} to ${candidateVersion}, ${strategyText(body.value)}`,
          ...body.value.stages.map(
            ({ name, weight, mirror }, i) =>
              `stage ${i + 1} ${name}: weight ${weight}, mirror ${mirror}`,
          ),
        ]),
      ];
    }
    case "decision": {
      const { what, who, why, stage, evidence } = body.value;
      return [
        `${at}  ${what} by ${who}, stage ${stage}${why ? `: ${why}` : ""}`,
        ...indented(gateLines(evidence)),
      ];
    }
    case "look":
      return [
        `${at}  look, stage ${body.value.stage}: ${verdictText(body.value.verdict)}`,
        ...indented(gateLines(body.value.gates)),
      ];
    case "shift": {
      const { traffic, who, why } = body.value;
      const wanted = traffic ? trafficText(traffic) : "";
      return [`${at}  shift by ${who}${why ? `: ${why}` : ""}`, ...indented([wanted])];
    }
    case "push": {
      const { traffic, who, why, acknowledgedBy, laggards } = body.value;
      const by = who ? ` by ${who}${why ? `: ${why}` : ""}` : "";
      const late = laggards.length > 0 ? `; not by ${laggards.join(", ")}` : "";
      return [
        `${at}  traffic ${traffic ? trafficText(traffic) : ""}${by}`,
        ...indented([`acknowledged by ${acknowledgedBy.join(", ") || "no Envoy"}${late}`]),
      ];
    }
    case "cleanUp":
      return [`${at}  ${body.value.version} was removed from ${body.value.slot}`];
    default:
      return [`${at}  unknown entry`];
  }
}

function trafficText({ service, blue, green }: Traffic): string {
  const slot = (name: string, of: Traffic["blue"]) =>
    of && of.version !== ""
      ? `${name} ${of.version} ${of.weight}${of.mirror > 0 ? ` mirror ${of.mirror}` : ""}`
      : `${name} empty`;
  return `${service}: ${slot("blue", blue)}, ${slot("green", green)}`;
}
