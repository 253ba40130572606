import { useEffect, useState } from "preact/hooks";
import type { ReportStatus } from "../../releases/view.ts";
import { ask, sendCommand } from "./send-command.ts";
import { count, when } from "./words.ts";

const ASK_EVERY_MS = 500;

/** Both versions ride by ride: made on demand, since it reads every trip since the start. */
export function ReportPanel({ rolloutId }: { readonly rolloutId: string }) {
  const path = `/api/rollouts/${rolloutId}/report`;
  const [status, setStatus] = useState<ReportStatus>({ state: "none" });
  const [problem, setProblem] = useState<string>();
  const take = (asked: Promise<ReportStatus>) =>
    asked.then(
      (known) => {
        setStatus(known);
        setProblem(undefined);
      },
      (cause: Error) => setProblem(cause.message),
    );
  useEffect(() => void take(ask<ReportStatus>(path)), [path]);
  useEffect(() => {
    if (status.state !== "running") return;
    const timer = setTimeout(() => void take(ask<ReportStatus>(path)), ASK_EVERY_MS);
    return () => clearTimeout(timer);
  }, [path, status, problem]);
  const make = () => void take(sendCommand<ReportStatus>(path, {}));

  return (
    <section class="report" aria-label="Report">
      <div class="head">
        <h3>Both versions, ride by ride</h3>
        {status.state === "done" && (
          <span class="small">
            <span class="soft">made {when(status.madeAt)};</span>{" "}
            <a href={`${path}.html`} target="_blank" rel="noreferrer">
              page
            </a>{" "}
            · <a href={`${path}.csv`}>all pairs, CSV</a> · <a href={`${path}.json`}>JSON</a>
          </span>
        )}
      </div>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {status.state === "failed" && (
        <p class="problem" role="alert">
          There is no report: {status.why}
        </p>
      )}
      {status.state === "running" ? (
        <Progress done={status.done} total={status.total} />
      ) : (
        <p>
          <button type="button" class="quiet" onClick={make}>
            {status.state === "done" ? "Make it again" : "Compare the rides"}
          </button>{" "}
          {status.state === "none" && (
            <span class="soft small">
              On how many rides the candidate is nearer to the truth, where it is worse, its worst
              rides. It reads every trip since the start, which may take a minute.
            </span>
          )}
        </p>
      )}
      {status.state === "done" && <ReportFrame src={`${path}.html?${status.madeAt}`} />}
    </section>
  );
}

function Progress({ done, total }: { readonly done: number; readonly total: number }) {
  return (
    <p role="status">
      <progress max={total || 1} value={total > 0 ? done : undefined} />{" "}
      <span class="small">
        {total > 0 ? `${count(done)} of ${count(total)} messages read` : "Looking for the rides …"}
      </span>
    </p>
  );
}

/** The report is a page without scripts; it gets the height that it needs. */
function ReportFrame({ src }: { readonly src: string }) {
  const [height, setHeight] = useState(600);
  return (
    <iframe
      title="Report of both versions"
      src={src}
      sandbox="allow-same-origin allow-popups"
      style={{ height: `${height}px` }}
      onLoad={({ currentTarget }) => {
        const page = currentTarget.contentDocument?.documentElement;
        if (!page) return;
        const measure = () => setHeight(page.scrollHeight);
        measure();
        new ResizeObserver(measure).observe(page);
      }}
    />
  );
}
