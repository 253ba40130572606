import type { JobView, RunView } from "../../batch/view.ts";
import { links } from "../use-route.ts";
import { runSigns } from "./words.ts";

/** One link a job, each with how its newest run is. */
export function JobSwitcher(props: {
  readonly jobs: readonly JobView[];
  readonly runs: readonly RunView[];
  readonly selected: string | undefined;
}) {
  return (
    <nav class="jobs" aria-label="Jobs">
      {props.jobs.map(({ name }) => {
        const last = props.runs.find((run) => run.job === name);
        return (
          <a
            key={name}
            class="choice-of-job"
            href={links.batchJob(name)}
            aria-current={name === props.selected ? "page" : undefined}
          >
            <b>{name}</b>{" "}
            <span class={`small ${last?.state ?? "soft"}`}>
              {last ? `${runSigns[last.state]} ${last.state}` : "no run yet"}
            </span>
          </a>
        );
      })}
    </nav>
  );
}
