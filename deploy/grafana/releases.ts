import { metrics } from "#kit/telemetry/registry.ts";
import type { Dashboard } from "./dashboard.ts";
import { mean, inPrometheus as named, quantile, rate, rateByVersion } from "./promql.ts";

const model = ["tripmesh_model_service", "tripmesh_model_version"];
const modelLegend = "{{tripmesh_model_service}} {{tripmesh_model_version}}";
const calls = `${named(metrics.rpcServerDuration)}_count`;
const processed = `${named(metrics.processDuration)}_count`;
const intervals = named(metrics.realisedCoverage);
// Each gateway sees all trips: of several, the one that has seen most.
const covered = (selector: string) =>
  `max by (tripmesh_model_service, tripmesh_model_version) (sum by (instance, tripmesh_model_service, tripmesh_model_version) (increase(${intervals}${selector}[1h])))`;

/** Which versions answer, how good they are, and where their rollouts stand. */
export const releases: Dashboard = {
  uid: "tripmesh-releases",
  title: "tripmesh: releases",
  rows: [
    {
      title: "Traffic",
      panels: [
        {
          title: "Predictions by version and role",
          about:
            "`live`: a rider sees it; `shadow`: nobody does; `quote`: an answer to a price asked for.",
          unit: "ops",
          queries: [
            {
              expr: rate(named(metrics.predictions), [
                "tripmesh_model_service",
                "tripmesh_model_version",
                "tripmesh_role",
              ]),
              legend: `${modelLegend} {{tripmesh_role}}`,
            },
          ],
        },
        {
          title: "Weights",
          about: "Share of the riders whom a slot answers, as decided.",
          unit: "percentunit",
          queries: [
            {
              expr: `max by (tripmesh_model_service, tripmesh_slot, tripmesh_model_version) (${named(metrics.trafficWeight)})`,
              legend: `${modelLegend} {{tripmesh_slot}}`,
            },
          ],
        },
        {
          title: "Set by hand in Envoy",
          about: "Keys that hide the weights beside; should be nought.",
          unit: "short",
          queries: [
            {
              expr: `max by (tripmesh_model_service) (${named(metrics.trafficOverrides)})`,
              legend: "{{tripmesh_model_service}}",
            },
          ],
        },
      ],
    },
    {
      title: "How good",
      panels: [
        {
          title: "Realised error of durations, mean",
          about:
            "Minutes, of trips that ended just now: duration's first estimate, dynamic-duration's last correction.",
          unit: "m",
          queries: [{ expr: mean(metrics.realisedError, model), legend: modelLegend }],
        },
        {
          title: "Realised error of durations, p50 and p90",
          about: "Minutes.",
          unit: "m",
          queries: [
            { expr: quantile(0.5, metrics.realisedError, model), legend: `${modelLegend} p50` },
            { expr: quantile(0.9, metrics.realisedError, model), legend: `${modelLegend} p90` },
          ],
        },
        {
          title: "Realised error of amounts, mean",
          about: "US dollars, of trips that ended just now: the last cost and the last tip shown.",
          unit: "currencyUSD",
          queries: [{ expr: mean(metrics.realisedPriceError, model), legend: modelLegend }],
        },
        {
          title: "Coverage over the last hour",
          about:
            "Share of trips whose truth was in the interval that riders were shown; 80 % should be.",
          unit: "percentunit",
          queries: [
            {
              expr: `${covered('{tripmesh_covered="true"}')} / ${covered("")}`,
              legend: modelLegend,
            },
          ],
        },
        {
          title: "Calls by version that failed",
          about: "Share of the calls that a version answered with an error of its own.",
          unit: "percentunit",
          queries: [
            {
              expr: `${rateByVersion(`${calls}{rpc_response_status_code=~"UNKNOWN|DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS"}`)} / ${rateByVersion(calls)}`,
              legend: "{{service}} {{service_version}}",
            },
          ],
        },
        {
          title: "Events by version that failed",
          about: "Share of the events that did not have their effect at once.",
          unit: "percentunit",
          queries: [
            {
              expr: `${rateByVersion(`${processed}{tripmesh_outcome!="done"}`)} / ${rateByVersion(processed)}`,
              legend: "{{service}} {{service_version}}",
            },
          ],
        },
        {
          title: "A run of the model, p99",
          about: "A new version that is slower is seen here first.",
          unit: "s",
          queries: [
            {
              expr: quantile(0.99, metrics.modelRun, [
                "tripmesh_model_service",
                "tripmesh_model_version",
              ]),
              legend: modelLegend,
            },
          ],
        },
      ],
    },
    {
      title: "Rollouts that are not over",
      panels: [
        {
          title: "Stage",
          about: "From 1.",
          unit: "short",
          queries: [{ expr: named(metrics.rolloutStage), legend: modelLegend }],
        },
        {
          title: "State",
          about: "`held` waits for a person: `./mesh rollout show ROLLOUT` says why.",
          unit: "short",
          kind: "now",
          queries: [
            { expr: named(metrics.rolloutState), legend: `${modelLegend} {{tripmesh_state}}` },
          ],
        },
        {
          title: "Verdict of the last look",
          about: "`pass`, `fail`, `continue` or `hold`.",
          unit: "short",
          kind: "now",
          queries: [
            { expr: named(metrics.rolloutVerdict), legend: `${modelLegend} {{tripmesh_verdict}}` },
          ],
        },
      ],
    },
  ],
};
