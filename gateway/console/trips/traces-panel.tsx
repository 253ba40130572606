import { useRef } from "preact/hooks";
import type { Trace } from "../../traces/trace-store.ts";
import type { LatestTraces } from "../../traces/traces-route.ts";
import { links } from "../use-route.ts";
import { NoTraces } from "./no-traces.tsx";
import { TracePanel } from "./trace-panel.tsx";
import { usePolled } from "./use-polled.ts";

const EVERY_MS = 2000;

export interface TracesPanelProps {
  readonly tripId: string | undefined;
  readonly traceId: string | undefined;
}

/** The traces of a trip, or one trace, as waterfalls; they grow as spans arrive. */
export function TracesPanel({ tripId, traceId }: TracesPanelProps) {
  const query = tripId === undefined ? `trace=${traceId}` : `trip=${encodeURIComponent(tripId)}`;
  const { value, problem } = usePolled<{ traces: readonly Trace[] }>(
    `/api/traces?${query}`,
    EVERY_MS,
    () => false,
  );
  const traces = useKept(value?.traces ?? []);
  const ids = new Set(traces.map((trace) => trace.traceId));
  const linkTo = (id: string) =>
    tripId !== undefined && ids.has(id) ? links.trip(tripId, id) : links.trace(id);
  return (
    <section class="card traces" aria-label="Traces">
      <div class="head">
        <h2>{tripId === undefined ? "Trace" : "Traces"}</h2>
        <span class="soft small">
          <span class="blue">■</span> blue slot, <span class="green">▨</span> green slot,{" "}
          <span class="soft">■</span> without a slot, <span class="soft">□</span> Envoy; dashed:
          mirrored or a shadow, no rider sees it
        </span>
      </div>
      {problem !== undefined && <p class="problem">{problem} Trying again …</p>}
      {value && traces.length === 0 && <Nothing tripId={tripId} />}
      {traces.map((trace, index) => (
        <TracePanel
          key={trace.traceId}
          trace={trace}
          isFirstOpen={index === 0}
          isNamed={trace.traceId === traceId}
          linkTo={linkTo}
        />
      ))}
    </section>
  );
}

/** The gateway forgets old traces, and nobody wants to lose the one that they are reading. */
function useKept(latest: readonly Trace[]): readonly Trace[] {
  const kept = useRef(new Map<string, Trace>());
  for (const trace of latest) {
    const known = kept.current.get(trace.traceId);
    if (!known || trace.spans.length > known.spans.length) kept.current.set(trace.traceId, trace);
  }
  return [...kept.current.values()];
}

function Nothing({ tripId }: { readonly tripId: string | undefined }) {
  const { value } = usePolled<LatestTraces>("/api/traces/latest", EVERY_MS, () => true);
  if (!value) return null;
  return tripId === undefined ? (
    <NoTraces recording={value.recording} />
  ) : (
    <NoTraces recording={value.recording} tripId={tripId} />
  );
}
