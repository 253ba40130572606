import { useEffect, useRef, useState } from "preact/hooks";
import type { ReleasesView, RolloutDetail } from "../../releases/view.ts";
import type { ConsoleState } from "../console-stream.ts";
import { links } from "../use-route.ts";
import { HistoryTable } from "./history-table.tsx";
import { RolloutPanel } from "./rollout-panel.tsx";
import { ask } from "./send-command.ts";
import { ServiceCard } from "./service-card.tsx";
import { StartDialog } from "./start-dialog.tsx";

export interface ReleasesPageProps {
  readonly state: ConsoleState;
  /** The rollout that the address names. */
  readonly rolloutId: string | undefined;
}

/** Which version is where, what is being released and how it goes, and what was released before. */
export function ReleasesPage({ state, rolloutId }: ReleasesPageProps) {
  const { releases, curves, snapshot } = state;
  const [isStarting, setStarting] = useState(false);
  const bar = useRef<HTMLDivElement>(null);
  const isKnown = releases !== undefined;
  useEffect(() => {
    if (rolloutId !== undefined) bar.current?.scrollIntoView(); // below the services, out of sight on a phone
  }, [rolloutId, isKnown]);
  if (!releases) return <p class="card empty soft">Connecting to the gateway …</p>;
  const { problem, services, open, history } = releases;
  const isAway = problem !== null;
  const shown = rolloutId === undefined ? open : open.filter(({ id }) => id === rolloutId);
  return (
    <>
      {isAway && <Away releases={releases} />}
      <div class="services">
        {services.map((view) => (
          <ServiceCard
            key={view.service}
            view={view}
            rollout={open.find(({ service }) => service === view.service)}
            waiting={snapshot?.waiting ?? {}}
            isAway={isAway}
          />
        ))}
      </div>
      <div class="bar" ref={bar}>
        <h2>{rolloutId === undefined ? "Under way" : "Rollout"}</h2>
        {rolloutId !== undefined && <a href={links.releases}>show all that are under way</a>}
        <button type="button" class="main" disabled={isAway} onClick={() => setStarting(true)}>
          Start a rollout …
        </button>
      </div>
      {shown.map((rollout) => (
        <RolloutPanel
          key={rollout.id}
          rollout={rollout}
          curve={curves[rollout.id] ?? []}
          isAway={isAway}
        />
      ))}
      {rolloutId !== undefined && shown.length === 0 && (
        <PastPanel key={rolloutId} rolloutId={rolloutId} isAway={isAway} />
      )}
      {rolloutId === undefined && open.length === 0 && <Nothing releases={releases} />}
      {history.length > 0 && (
        <section class="card" aria-label="History">
          <div class="head">
            <h2>History</h2>
            <span class="soft small">the last {history.length}, newest first</span>
          </div>
          <HistoryTable history={history} selected={rolloutId} />
        </section>
      )}
      {isStarting && <StartDialog releases={releases} onClose={() => setStarting(false)} />}
    </>
  );
}

function Away({ releases: { problem, known } }: { readonly releases: ReleasesView }) {
  return (
    <div class="problem" role="alert">
      <p>
        <b>The rollout service does not answer.</b> Riders are served with the weights that they
        have; nothing is judged, promoted or rolled back meanwhile, and no command is taken.
        {known && " What is shown of rollouts is what it said last."} This page tries again every
        second.
      </p>
      <p class="soft small">{problem}</p>
    </div>
  );
}

function Nothing({ releases: { known, history } }: { readonly releases: ReleasesView }) {
  if (!known) return <p class="card empty soft">Waiting for the rollout service …</p>;
  return (
    <div class="card empty soft">
      <p>
        {history.length === 0 ? "No rollout yet." : "No rollout is under way."} Start one above, or
        run
      </p>
      <p>
        <code>./mesh rollout start duration v2 --strategy canary</code>
      </p>
    </div>
  );
}

/** A rollout that is not open any more, asked for once. */
function PastPanel({
  rolloutId,
  isAway,
}: {
  readonly rolloutId: string;
  readonly isAway: boolean;
}) {
  const [detail, setDetail] = useState<RolloutDetail>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (isAway) return;
    ask<RolloutDetail>(`/api/rollouts/${encodeURIComponent(rolloutId)}`).then(
      (found) => {
        setDetail(found);
        setProblem(undefined);
      },
      (cause: Error) => setProblem(cause.message),
    );
  }, [rolloutId, isAway]);
  if (detail) return <RolloutPanel {...detail} isAway={isAway} />;
  return (
    <p class={problem === undefined ? "card empty soft" : "problem"} role="status">
      {problem ?? `Asking for ${rolloutId} …`}
    </p>
  );
}
