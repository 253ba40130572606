import { useEffect, useState } from "preact/hooks";
import type { JobsView, ReportView, RunsView } from "../../batch/view.ts";
import { ask } from "../releases/send-command.ts";

/** How often is asked: often while a run is under way. */
const BUSY_MS = 1_500;
const QUIET_MS = 5_000;

/** Something read from the gateway: the latest that came, and why there is nothing newer. */
export interface Asked<T> {
  readonly value: T | undefined;
  readonly problem: string | undefined;
}

/** What is configured and what ran; asked for anew while somebody looks at the page, and only then. */
export function useBatch(): { readonly jobs: Asked<JobsView>; readonly runs: Asked<RunsView> } {
  const isSeen = useSeen();
  const [jobs, setJobs] = useState<Asked<JobsView>>(nothing);
  const [runs, setRuns] = useState<Asked<RunsView>>(nothing);
  useEffect(() => {
    if (!isSeen) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    const poll = async () => {
      const [nextJobs, nextRuns] = await Promise.all([
        attempt<JobsView>("/api/batch/jobs"),
        attempt<RunsView>("/api/batch/runs"),
      ]);
      if (isOver) return;
      setJobs((known) => ({ ...known, ...nextJobs }));
      setRuns((known) => ({ ...known, ...nextRuns }));
      const isBusy = nextRuns.value?.runs.some(({ state }) => state === "running");
      timer = setTimeout(() => void poll(), isBusy ? BUSY_MS : QUIET_MS);
    };
    void poll();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isSeen]);
  return { jobs, runs };
}

/** The report of a published run; read once, since what is published does not change. */
export function useReport(job: string, runId: string): Asked<ReportView> & { again(): void } {
  const path = `/api/batch/jobs/${encodeURIComponent(job)}/report?run=${encodeURIComponent(runId)}`;
  const [asked, setAsked] = useState<Asked<ReportView> & { readonly path?: string }>(nothing);
  const [attempts, setAttempts] = useState(0);
  useEffect(() => {
    let isOver = false;
    void attempt<ReportView>(path).then((next) => {
      if (!isOver) setAsked({ ...nothing, ...next, path });
    });
    return () => {
      isOver = true;
    };
  }, [path, attempts]);
  const known = asked.path === path ? asked : nothing;
  return {
    ...known,
    again() {
      setAsked(nothing);
      setAttempts(attempts + 1);
    },
  };
}

const nothing = { value: undefined, problem: undefined };

/** Without a value when it failed, so that the last one stays. */
async function attempt<T>(path: string): Promise<Partial<Asked<T>>> {
  try {
    return { value: await ask<T>(path), problem: undefined };
  } catch (cause) {
    return { problem: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** Whether the page is in sight: a tab in the background asks nothing. */
function useSeen(): boolean {
  const [isSeen, setSeen] = useState(document.visibilityState === "visible");
  useEffect(() => {
    const changed = () => setSeen(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }, []);
  return isSeen;
}
