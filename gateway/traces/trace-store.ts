import { attribute } from "#kit/telemetry/attributes.ts";
import type { TraceSpan } from "./trace-span.ts";

export interface Trace {
  readonly traceId: string;
  /** By their start. */
  readonly spans: readonly TraceSpan[];
  /** Spans that were too many for one trace. */
  readonly dropped: number;
}

/** The latest traces, in memory. */
export interface TraceStore {
  add(spans: readonly TraceSpan[]): void;
  /** The traces in which a span names the trip, oldest first. */
  ofTrip(tripId: string): readonly Trace[];
  trace(traceId: string): Trace | undefined;
  /** The other traces in which a span is linked to one of this trace, oldest first. */
  linkedTo(traceId: string): readonly Trace[];
  /** The trips that a span was added for last, newest first. */
  latestTrips(most: number): readonly TracedTrip[];
  /** How many spans are held. */
  size(): number;
}

/** What is held about a trip. */
export interface TracedTrip {
  readonly tripId: string;
  readonly traces: number;
  readonly spans: number;
  /** Spans that say that something failed. */
  readonly failed: number;
  /** Start of the first span, ms since 1970. */
  readonly startMs: number;
}

export interface TraceStoreOptions {
  /** Most spans in all; above it whole traces go, those first that nothing was added to for longest. Default 40 000. */
  readonly maxSpans?: number;
  /** Most spans of one trace. Default 1000. */
  readonly maxSpansPerTrace?: number;
}

interface Held {
  readonly spans: TraceSpan[];
  /** What it can be found by, beside its id. */
  readonly keys: Set<string>;
  dropped: number;
}

/** A span takes about 1 kB, so the default bounds are some 40 MB. */
export function createTraceStore(options: TraceStoreOptions = {}): TraceStore {
  const { maxSpans = 40_000, maxSpansPerTrace = 1_000 } = options;
  const traces = new Map<string, Held>(); // in the order of their last spans
  const byKey = new Map<string, Set<string>>();
  let size = 0;

  function touch(traceId: string): Held {
    const held = traces.get(traceId) ?? { spans: [], keys: new Set(), dropped: 0 };
    traces.delete(traceId);
    traces.set(traceId, held);
    return held;
  }

  function addOne(span: TraceSpan): void {
    const held = touch(span.traceId);
    if (held.spans.length >= maxSpansPerTrace) {
      held.dropped++;
      return;
    }
    held.spans.push(span);
    size++;
    for (const key of keysOf(span)) {
      held.keys.add(key);
      byKey.set(key, (byKey.get(key) ?? new Set()).add(span.traceId));
    }
  }

  function dropOldest(): void {
    const [oldest] = traces;
    if (!oldest) return;
    const [traceId, { spans, keys }] = oldest;
    traces.delete(traceId);
    size -= spans.length;
    for (const key of keys) {
      const ids = byKey.get(key);
      ids?.delete(traceId);
      if (ids?.size === 0) byKey.delete(key);
    }
  }

  const describe = (traceId: string): Trace[] => {
    const held = traces.get(traceId);
    if (!held) return [];
    const spans = held.spans.toSorted((a, b) => a.startMs - b.startMs);
    return [{ traceId, spans, dropped: held.dropped }];
  };
  const find = (key: string) =>
    [...(byKey.get(key) ?? [])].flatMap(describe).sort((a, b) => startOf(a) - startOf(b));

  function latestKeys(most: number): string[] {
    const found = new Set<string>();
    for (const { keys } of [...traces.values()].reverse()) {
      for (const key of keys) if (key.startsWith(TRIP)) found.add(key.slice(TRIP.length));
      if (found.size >= most) break;
    }
    return [...found].slice(0, most);
  }

  return {
    add(spans) {
      for (const span of spans) addOne(span);
      while (size > maxSpans) dropOldest();
    },
    ofTrip: (tripId) => find(tripKey(tripId)),
    linkedTo: (traceId) => find(linkKey(traceId)),
    trace: (traceId) => describe(traceId)[0],
    latestTrips: (most) => latestKeys(most).map((tripId) => sumUp(tripId, find(tripKey(tripId)))),
    size: () => size,
  };
}

function sumUp(tripId: string, traces: readonly Trace[]): TracedTrip {
  const spans = traces.flatMap((trace) => trace.spans);
  return {
    tripId,
    traces: traces.length,
    spans: spans.length,
    failed: spans.filter(({ failed }) => failed).length,
    startMs: Math.min(...traces.map(startOf)),
  };
}

const startOf = ({ spans }: Trace) => spans[0]?.startMs ?? 0;
const TRIP = "trip ";
const tripKey = (tripId: string) => `${TRIP}${tripId}`;
const linkKey = (traceId: string) => `link ${traceId}`;

function keysOf({ traceId, attributes, links }: TraceSpan): string[] {
  const tripId = attributes[attribute.tripId];
  const linked = links.filter((link) => link.traceId !== traceId);
  return [
    ...(typeof tripId === "string" ? [tripKey(tripId)] : []),
    ...linked.map((link) => linkKey(link.traceId)),
  ];
}
