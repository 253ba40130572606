import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Trace } from "../../traces/trace-store.ts";
import { ask } from "../releases/send-command.ts";
import { links } from "../use-route.ts";
import { CopyButton } from "./copy-button.tsx";
import { extentOf, lasting, nameOfTrace, toRows } from "./span-tree.ts";
import { Waterfall } from "./waterfall.tsx";

export interface TracePanelProps {
  readonly trace: Trace;
  readonly isFirstOpen: boolean;
  /** The address names it: it is opened and brought into view. */
  readonly isNamed: boolean;
  readonly linkTo: (traceId: string) => string;
}

const clock = new Intl.DateTimeFormat("en-GB", {
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 },
});

/** One trace: a line that tells what it was, and its waterfall below when it is open. */
export function TracePanel({ trace, isFirstOpen, isNamed, linkTo }: TracePanelProps) {
  const { traceId, spans, dropped } = trace;
  const [isOpen, setOpen] = useState(isFirstOpen || isNamed);
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isNamed) return;
    setOpen(true);
    place.current?.scrollIntoView();
  }, [isNamed]);
  const name = useMemo(() => nameOfTrace(toRows(spans)), [spans]);
  const extent = useMemo(() => extentOf(spans), [spans]);
  const services = new Set(spans.map(({ service, slot }) => `${service} ${slot}`)).size;
  const failed = spans.filter((span) => span.failed).length;
  return (
    <section class="trace" ref={place} aria-label={`Trace ${traceId}`}>
      <div class="trace-head">
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> <b>{name}</b>{" "}
          <span class="soft">
            {clock.format(extent.startMs)}, {lasting(extent.durationMs)}, {spans.length} spans of{" "}
            {services} {services === 1 ? "part" : "parts"}
          </span>
          {failed > 0 && <span class="bad"> ✕ {failed} failed</span>}
        </button>
        <span class="id">
          <code title={traceId}>{traceId.slice(0, 8)}…</code>{" "}
          <CopyButton text={traceId} what={`the trace's id ${traceId}`} />
        </span>
      </div>
      {isOpen && <Waterfall spans={spans} linkTo={linkTo} />}
      {isOpen && dropped > 0 && (
        <p class="soft small">{dropped} more spans were dropped: too many for one trace.</p>
      )}
      {isOpen && <Consequences key={`${traceId} ${spans.length}`} traceId={traceId} />}
    </section>
  );
}

/** Other traces in which a span names this one as a cause. */
function Consequences({ traceId }: { readonly traceId: string }) {
  const [linked, setLinked] = useState<readonly Trace[]>([]);
  useEffect(() => {
    ask<{ traces: readonly Trace[] }>(`/api/traces?linked=${traceId}`).then(
      ({ traces }) => setLinked(traces),
      () => setLinked([]), // the page says elsewhere that the gateway is away
    );
  }, [traceId]);
  if (linked.length === 0) return null;
  return (
    <p class="small">
      Linked to it:{" "}
      {linked.map((other) => (
        <a key={other.traceId} href={links.trace(other.traceId)}>
          {nameOfTrace(toRows(other.spans))}, trace {other.traceId.slice(0, 8)}…{" "}
        </a>
      ))}
    </p>
  );
}
