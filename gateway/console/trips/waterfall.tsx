import { useMemo, useState } from "preact/hooks";
import type { TraceSpan } from "../../traces/trace-span.ts";
import { SpanDetails } from "./span-details.tsx";
import { type Extent, extentOf, lasting, nameOfSpan, type SpanRow, toRows } from "./span-tree.ts";

const FIRST_ROWS = 150;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

export interface WaterfallProps {
  readonly spans: readonly TraceSpan[];
  readonly linkTo: (traceId: string) => string;
}

/** The spans of one trace on one axis of time, each below what caused it. */
export function Waterfall({ spans, linkTo }: WaterfallProps) {
  const rows = useMemo(() => toRows(spans), [spans]);
  const extent = useMemo(() => extentOf(spans), [spans]);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [isWhole, setWhole] = useState(false);
  const toggle = (spanId: string) =>
    setOpened((known) => {
      const next = new Set(known);
      if (!next.delete(spanId)) next.add(spanId);
      return next;
    });
  const shown = isWhole ? rows : rows.slice(0, FIRST_ROWS);
  return (
    <div class="waterfall">
      <div class="axis" aria-hidden="true">
        <div class="ticks">
          {TICKS.map((share) => (
            <span key={share} style={{ left: `${share * 100}%` }}>
              {share === 0 ? "0" : lasting(extent.durationMs * share)}
            </span>
          ))}
        </div>
      </div>
      <ol onKeyDown={moveFocus}>
        {shown.map((row) => {
          const { spanId } = row.span;
          const isOpen = opened.has(spanId);
          return (
            <li key={spanId}>
              <Row row={row} extent={extent} isOpen={isOpen} onToggle={() => toggle(spanId)} />
              {isOpen && (
                <SpanDetails span={row.span} traceStartMs={extent.startMs} linkTo={linkTo} />
              )}
            </li>
          );
        })}
      </ol>
      {shown.length < rows.length && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {rows.length} spans
        </button>
      )}
    </div>
  );
}

interface RowProps {
  readonly row: SpanRow;
  readonly extent: Extent;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function Row({ row: { span, depth, unseen }, extent, isOpen, onToggle }: RowProps) {
  const { startMs, durationMs } = extent;
  const share = (ms: number) => (durationMs > 0 ? (100 * ms) / durationMs : 0);
  const from = share(span.startMs - startMs);
  const to = from + share(span.durationMs);
  const look = span.slot || (span.service.startsWith("envoy") ? "envoy" : "own");
  return (
    <button
      type="button"
      class={`span${unseen ? " shadow" : ""}${span.failed ? " failed" : ""}`}
      aria-expanded={isOpen}
      onClick={onToggle}
    >
      <span class="what" style={{ "--depth": Math.min(depth, 14) }}>
        <span class={`of ${span.slot}`}>
          {span.service}
          {span.slot !== "" && ` ■ ${span.slot}`}
        </span>{" "}
        <span class="name">{nameOfSpan(span)}</span>
        {unseen && <span class="tag">{unseen}</span>}
        {span.failed && <span class="bad"> ✕ failed</span>}
      </span>
      <span class="track">
        <span
          class={`bar-of ${look}`}
          style={{ left: `${from}%`, width: `max(3px, ${share(span.durationMs)}%)` }}
        />
        <span class={`took ${sideOf(from, to)}`} style={{ "--from": `${from}%`, "--to": `${to}%` }}>
          {lasting(span.durationMs)}
        </span>
      </span>
    </button>
  );
}

/** Where beside its bar a duration has room. */
function sideOf(from: number, to: number): "after" | "before" | "inside" {
  if (to < 80) return "after";
  return from > 20 ? "before" : "inside";
}

/** Up and down go from span to span; Tab, Enter and Space are the browser's. */
function moveFocus(event: KeyboardEvent) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("button.span")];
  const at = all.findIndex((button) => button.matches(":focus"));
  const next = all[at + step];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
