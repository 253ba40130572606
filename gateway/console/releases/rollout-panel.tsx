import type { CurvePoint } from "../../releases/curve.ts";
import type { RolloutView } from "../../releases/view.ts";
import { DecideButtons } from "./decide-buttons.tsx";
import { DecisionLog } from "./decision-log.tsx";
import { EvidenceChart } from "./evidence-chart.tsx";
import { Facts } from "./facts.tsx";
import { GatesTable } from "./gates-table.tsx";
import { ReportPanel } from "./report-panel.tsx";
import { Stepper } from "./stepper.tsx";
import { stateSigns, stateWords, verdictSigns, when } from "./words.ts";

export interface RolloutPanelProps {
  readonly rollout: RolloutView;
  readonly curve: readonly CurvePoint[];
  readonly isAway: boolean;
}

/** One rollout, whole: where it is, what the evidence says, who decided what, and what may be decided now. */
export function RolloutPanel({ rollout, curve, isAway }: RolloutPanelProps) {
  const { service, state, verdict, candidateVersion, candidateSlot, liveVersion } = rollout;
  return (
    <section class="card rollout" aria-label={`Rollout of ${service} ${candidateVersion}`}>
      <div class="head">
        <div>
          <h2>
            {service}: <span class={rollout.liveSlot}>■</span> {liveVersion} →{" "}
            <span class={candidateSlot}>■</span> {candidateVersion}
          </h2>
          <p class="soft small">
            {rollout.strategy}, started {when(rollout.startedAt)}, candidate in {candidateSlot},{" "}
            <code>{rollout.id}</code>
          </p>
        </div>
        <p class="states">
          <span class={`state ${state}`}>
            {stateSigns[state]} {stateWords[state]}
          </span>
          {verdict !== "none" && (
            <span class={`verdict ${verdict}`}>
              {verdictSigns[verdict]} {verdict}
            </span>
          )}
        </p>
      </div>
      <Ending rollout={rollout} />
      <Stepper rollout={rollout} />
      {rollout.endedAt === null && <DecideButtons rollout={rollout} isAway={isAway} />}
      <Facts rollout={rollout} />
      {rollout.forecast !== "" && (
        <p class="forecast">
          <span class="soft">Forecast</span> {rollout.forecast}
        </p>
      )}
      <EvidenceChart rollout={rollout} curve={curve} />
      <div class="columns">
        <div>
          <h3>Gates</h3>
          <GatesTable gates={rollout.gates} />
        </div>
        <div>
          <h3>Decisions</h3>
          <DecisionLog decisions={rollout.decisions} />
        </div>
      </div>
      <ReportPanel key={rollout.id} rolloutId={rollout.id} />
    </section>
  );
}

/** How it ended, or why it waits; and what is still to be done. */
function Ending({ rollout }: { readonly rollout: RolloutView }) {
  const { state, decisions, endedAt, cleanedUp, liveVersion, candidateVersion } = rollout;
  const last = decisions.findLast((decision) => decision.state === state);
  if (state === "running" || !last) return null;
  const goes = state === "promoted" ? liveVersion : candidateVersion;
  return (
    <div class={`ending ${state}`}>
      <p>
        <b>
          {stateSigns[state]} {stateWords[state]}
        </b>{" "}
        by {last.who} at {when(last.at)}: {last.why}
      </p>
      {endedAt !== null && !cleanedUp && (
        <p class="soft small">
          {goes} is still there for a way back; when it is gone, the next rollout may start.
        </p>
      )}
    </div>
  );
}
