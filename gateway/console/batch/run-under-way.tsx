import { useEffect, useRef, useState } from "preact/hooks";
import type { RunView } from "../../batch/view.ts";
import { numberText, percentText, utc } from "./words.ts";

/** No shard for so long, ms: its process may be gone. */
const STILL_MS = 60_000;

/** How far a run is, by the shards that are written. */
export function RunUnderWay({ run }: { readonly run: RunView }) {
  const { runId, job, window, sourceRows, quarantined, startedMs } = run;
  const done = run.rows + quarantined + run.outside;
  const { rate, isStill } = usePace(done);
  const share = sourceRows === 0 ? 1 : done / sourceRows;
  const left = rate > 0 ? `, ${Math.ceil((sourceRows - done) / rate)} s left` : "";
  return (
    <section class="card under-way" aria-label={`Run of ${window}`}>
      <div class="head">
        <h2>
          ▶ running: {window} <code class="soft">{runId}</code>
        </h2>
        <span class="soft small">since {utc(startedMs)}</span>
      </div>
      <progress max={1} value={share} aria-label="Rows that are dealt with" />
      <p class="small" role="status">
        {percentText(share)}: {numberText(done)} of {numberText(sourceRows)} rows
        {rate > 0 && `, ${numberText(Math.round(rate))} rows/s${left}`},{" "}
        <span class={quarantined > 0 ? "moved" : ""}>{numberText(quarantined)} in quarantine</span>
      </p>
      {isStill && (
        <p class="soft small">
          No shard was written for a minute. If its process was ended,{" "}
          <code>{`./mesh batch run ${job} --resume`}</code> goes on with it.
        </p>
      )}
    </section>
  );
}

/** Rows a second since the page was opened, and whether nothing has moved for long. */
function usePace(done: number): { readonly rate: number; readonly isStill: boolean } {
  const first = useRef({ done, at: performance.now() });
  const last = useRef({ done, at: performance.now() });
  const [, setTick] = useState(0);
  if (done !== last.current.done) last.current = { done, at: performance.now() };
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 5_000); // to notice that nothing comes
    return () => clearInterval(timer);
  }, []);
  const seconds = (last.current.at - first.current.at) / 1000;
  return {
    rate: seconds > 0 ? (last.current.done - first.current.done) / seconds : 0,
    isStill: performance.now() - last.current.at > STILL_MS,
  };
}
