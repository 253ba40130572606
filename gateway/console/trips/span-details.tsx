import type { TraceSpan } from "../../traces/trace-span.ts";
import { lasting } from "./span-tree.ts";

export interface SpanDetailsProps {
  readonly span: TraceSpan;
  readonly traceStartMs: number;
  /** Where the page of another trace is. */
  readonly linkTo: (traceId: string) => string;
}

/** Everything that a span says. */
export function SpanDetails({ span, traceStartMs, linkTo }: SpanDetailsProps) {
  const { spanId, kind, service, slot, startMs, durationMs, failed, attributes } = span;
  const causes = span.links.filter(({ traceId }) => traceId !== span.traceId);
  const facts: readonly (readonly [string, string])[] = [
    ["span", `${span.name}, ${kind}`],
    ["service", slot === "" ? service : `${service}, ${slot}`],
    ["began", `${lasting(startMs - traceStartMs)} after the trace`],
    ["took", lasting(durationMs)],
    ...(failed ? [["ended", "✕ failed"] as const] : []),
    ["span id", spanId],
    ...Object.entries(attributes)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => [name, String(value)] as const),
  ];
  return (
    <div class="span-details">
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {causes.length > 0 && (
        <p>
          Caused also by{" "}
          {causes.map(({ traceId, spanId: linked }) => (
            <a key={linked} href={linkTo(traceId)}>
              trace {traceId.slice(0, 8)}…
            </a>
          ))}
        </p>
      )}
    </div>
  );
}
