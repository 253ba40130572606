// What dashboards and alerts ask for exists: names and labels of the registry, and a short list of others' own.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Metric, metrics } from "#kit/telemetry/registry.ts";
import { allExpressions, readAlerts, readNames } from "./expressions.ts";
import { labelOf, seriesOf } from "./grafana/promql.ts";

/** Labels of every target, see prometheus.yaml. */
const ofTargets = ["job", "instance", "service", "slot"];

/** What others name: Envoy, prometheus-nats-exporter, Prometheus itself, and OpenTelemetry about each process. */
const others: Readonly<Record<string, readonly string[]>> = {
  envoy_cluster_upstream_rq_total: ["envoy_cluster_name"],
  envoy_cluster_upstream_rq_retry: ["envoy_cluster_name"],
  envoy_cluster_upstream_rq_timeout: ["envoy_cluster_name"],
  envoy_cluster_membership_healthy: ["envoy_cluster_name"],
  envoy_cluster_outlier_detection_ejections_active: ["envoy_cluster_name"],
  jetstream_server_total_message_bytes: ["server_name"],
  jetstream_server_max_storage: ["server_name"],
  target_info: ["service_version"],
  up: [],
};

const list: readonly Metric[] = Object.values(metrics);
const labelsOf = new Map<string, readonly string[]>([
  ...Object.entries(others),
  ...list.flatMap((metric) =>
    seriesOf(metric).map((name): [string, readonly string[]] => {
      const own = metric.attributes.map(labelOf);
      return [name, name.endsWith("_bucket") ? [...own, "le"] : own];
    }),
  ),
]);

test.each(allExpressions())("$of names what there is", ({ expr }) => {
  const { series, grouping } = readNames(expr);
  expect(series.length).toBeGreaterThan(0);
  const known = new Set(ofTargets);
  for (const { name, labels } of series) {
    const own = labelsOf.get(name);
    expect(own, `${name} is neither in the registry nor in the list of others`).toBeDefined();
    for (const label of own ?? []) known.add(label);
    const strange = labels.filter((label) => !ofTargets.includes(label) && !own?.includes(label));
    expect(strange, `labels of ${name}`).toEqual([]);
  }
  expect(grouping.filter((label) => !known.has(label))).toEqual([]);
});

test("every metric is on a dashboard, and every one of the others is used", () => {
  const used = new Set(
    allExpressions().flatMap(({ expr }) => readNames(expr).series.map(({ name }) => name)),
  );
  const unseen = list.filter((metric) => !seriesOf(metric).some((name) => used.has(name)));
  expect(unseen.map(({ name }) => name)).toEqual([]);
  expect(Object.keys(others).filter((name) => !used.has(name))).toEqual([]);
});

test("names are read out of an expression, with the labels of their selectors", () => {
  expect(
    readNames(
      'max by (a, b) (x_total{c="up", d=~"y{z}"}) / on (a) group_left (e) rate(y[5m] offset 5m) > 0.5 or vector(0)',
    ),
  ).toEqual({
    series: [
      { name: "x_total", labels: ["c", "d"] },
      { name: "y", labels: [] },
    ],
    grouping: ["a", "b", "a", "e"],
  });
});

test("every alert is in the runbook, with all that one needs to know, and nothing else is", () => {
  const runbook = readFileSync(new URL("../docs/runbook.md", import.meta.url), "utf8");
  const sections = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split("\n")[0] ?? "", section]),
  );
  const alerts = readAlerts();
  expect([...sections.keys()].toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  for (const { alert, annotations } of alerts) {
    expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    for (const part of ["Means", "Riders", "Look", "Do"]) {
      expect(sections.get(alert), alert).toContain(`**${part}.**`);
    }
    expect(sections.get(alert), alert).toContain("./mesh ");
  }
});
