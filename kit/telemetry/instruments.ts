import type { Counter, Histogram, Meter } from "@opentelemetry/api";
import type { Metric } from "./registry.ts";

/** A value for each attribute of a metric. */
export type AttributesOf<M extends Metric> = Readonly<
  Record<M["attributes"][number], string | boolean>
>;

let meter: Meter | undefined;
const instruments = new Map<string, Counter | Histogram>();

/** Where measurements go from now on; undefined: nowhere. As in tracing.ts, one for the process. */
export function setMeter(next: Meter | undefined): void {
  meter = next;
  instruments.clear();
}

/** Whether anybody measures: where not, nobody has to look at the clock. */
export function isMeasuring(): boolean {
  return meter !== undefined;
}

/** Adds to a counter. */
export function add<M extends Metric & { readonly kind: "counter" }>(
  metric: M,
  amount: number,
  attributes: AttributesOf<M>,
): void {
  if (!meter) return;
  (instrument(meter, metric) as Counter).add(amount, attributes);
}

/** Records a value in a histogram. */
export function record<M extends Metric & { readonly kind: "histogram" }>(
  metric: M,
  value: number,
  attributes: AttributesOf<M>,
): void {
  if (!meter) return;
  (instrument(meter, metric) as Histogram).record(value, attributes);
}

/** Gives values when they are exported; what cannot be read then is left out, and told to OpenTelemetry's handler. */
export function observe<M extends Metric & { readonly kind: "gauge" | "total" }>(
  metric: M,
  read: (tell: (value: number, attributes: AttributesOf<M>) => void) => void | Promise<void>,
): void {
  if (!meter) return;
  const { name, unit, description } = metric;
  const observable =
    metric.kind === "gauge"
      ? meter.createObservableGauge(name, { unit, description })
      : meter.createObservableCounter(name, { unit, description });
  observable.addCallback((result) =>
    read((value, attributes) => result.observe(value, attributes)),
  );
}

function instrument(of: Meter, metric: Metric): Counter | Histogram {
  const { name, kind, unit, description, buckets } = metric;
  const known = instruments.get(name);
  if (known) return known;
  const advice = buckets && { explicitBucketBoundaries: [...buckets] };
  const made =
    kind === "counter"
      ? of.createCounter(name, { unit, description })
      : of.createHistogram(name, { unit, description, ...(advice && { advice }) });
  instruments.set(name, made);
  return made;
}
