// Names of the registry as Prometheus has them, and the few forms of expression that the dashboards are made of.
import type { Metric } from "#kit/telemetry/registry.ts";

/** As the exporter of every process spells it: `_` for whatever is not a letter or digit, `_total` on counters. */
export function inPrometheus({ name, kind }: Pick<Metric, "name" | "kind">): string {
  const isCounter = kind === "counter" || kind === "total";
  return `${labelOf(name)}${isCounter ? "_total" : ""}`;
}

/** An attribute as a label. */
export function labelOf(attribute: string): string {
  return attribute.replaceAll(/[^a-zA-Z0-9]/g, "_");
}

/** Every name that Prometheus stores for it: a histogram has three. */
export function seriesOf(metric: Pick<Metric, "name" | "kind">): string[] {
  const name = inPrometheus(metric);
  return metric.kind === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name];
}

/** What happens in a second, by labels. `series` with a selector where one is wanted. */
export function rate(series: string, by: readonly string[]): string {
  return `sum by (${by.join(", ")}) (rate(${series}[$__rate_interval]))`;
}

/** A quantile of a histogram, by labels. */
export function quantile(
  q: number,
  metric: Pick<Metric, "name" | "kind">,
  by: readonly string[],
): string {
  const buckets = rate(`${inPrometheus(metric)}_bucket`, [...by, "le"]);
  return `histogram_quantile(${q}, ${buckets})`;
}

/** The mean of a histogram, by labels. */
export function mean(metric: Pick<Metric, "name" | "kind">, by: readonly string[]): string {
  const name = inPrometheus(metric);
  return `${rate(`${name}_sum`, by)} / ${rate(`${name}_count`, by)}`;
}

/** A counter with the version that its process runs, which calls and messages do not carry themselves. */
export function rateByVersion(series: string): string {
  const version = `on (job, instance) group_left (service_version) target_info{service_version!=""}`;
  return `sum by (service, service_version) (rate(${series}[$__rate_interval]) * ${version})`;
}
