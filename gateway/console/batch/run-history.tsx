import type { RunView } from "../../batch/view.ts";
import { links } from "../use-route.ts";
import { numberText, percentText, runSigns, tookText, utc } from "./words.ts";

const RUNS = 20;

/** The runs of a job, newest first. */
export function RunHistory(props: {
  readonly runs: readonly RunView[];
  readonly selected: string | undefined;
}) {
  const runs = props.runs.slice(0, RUNS);
  return (
    <section class="card" aria-label="Run history">
      <div class="head">
        <h2>Runs</h2>
        <span class="soft small">the last {runs.length}, newest first</span>
      </div>
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">Window</th>
            <th scope="col">State</th>
            <th scope="col" class="number-cell">
              Rows
            </th>
            <th scope="col" class="number-cell">
              In quarantine
            </th>
            <th scope="col" class="number-cell">
              Took
            </th>
            <th scope="col">Started</th>
            <th scope="col">Model</th>
            <th scope="col">Run</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Run key={run.runId} run={run} isShown={run.runId === props.selected} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Run({ run, isShown }: { readonly run: RunView; readonly isShown: boolean }) {
  const { runId, job, window, state, reason, rows, quarantined, sourceRows, model } = run;
  const done = rows + quarantined + run.outside;
  return (
    <tr aria-selected={isShown}>
      <td>{state === "published" ? <a href={links.batchJob(job, runId)}>{window}</a> : window}</td>
      <td class={state}>
        {runSigns[state]} {state}
        {state === "running" && sourceRows > 0 && ` ${percentText(done / sourceRows)}`}
        {reason !== "" && <span class="why"> {reason}</span>}
      </td>
      <td class="number-cell" data-name="rows">
        {numberText(rows)}
      </td>
      <td class="number-cell" data-name="in quarantine">
        {numberText(quarantined)}
      </td>
      <td class="number-cell" data-name="took">
        {tookText(run)}
      </td>
      <td class="soft">{utc(run.startedMs)}</td>
      <td class="soft">{model}</td>
      <td>
        <code class="soft">{runId}</code>
      </td>
    </tr>
  );
}
