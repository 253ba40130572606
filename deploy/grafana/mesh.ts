import { metrics } from "#kit/telemetry/registry.ts";
import type { Dashboard } from "./dashboard.ts";
import { inPrometheus as named, quantile, rate } from "./promql.ts";

const calls = `${named(metrics.rpcServerDuration)}_count`;
const processed = `${named(metrics.processDuration)}_count`;
const model = ["tripmesh_model_service", "tripmesh_model_version"];
const modelLegend = "{{tripmesh_model_service}} {{tripmesh_model_version}}";
const group = ["messaging_consumer_group_name"];
const groupLegend = "{{messaging_consumer_group_name}}";
const place = ["service", "slot"];
const placeLegend = "{{service}} {{slot}}";

/** Whether the mesh works: calls, events, models, processes, Envoy. */
export const mesh: Dashboard = {
  uid: "tripmesh-mesh",
  title: "tripmesh: mesh",
  rows: [
    {
      title: "Calls",
      panels: [
        {
          title: "Calls answered",
          about: "By the process that answers. Riders' requests are backend's.",
          unit: "reqps",
          queries: [{ expr: rate(calls, place), legend: placeLegend }],
        },
        {
          title: "Calls that failed",
          about: "By status code. NOT_FOUND and INVALID_ARGUMENT are the caller's own doing.",
          unit: "reqps",
          queries: [
            {
              expr: rate(`${calls}{rpc_response_status_code!="OK"}`, [
                ...place,
                "rpc_response_status_code",
              ]),
              legend: `${placeLegend} {{rpc_response_status_code}}`,
            },
          ],
        },
        {
          title: "Time to answer, p99",
          about: "As the process measures it; duration should be below 50 ms.",
          unit: "s",
          queries: [
            { expr: quantile(0.99, metrics.rpcServerDuration, place), legend: placeLegend },
          ],
        },
        {
          title: "Calls by method",
          about: "What is asked for.",
          unit: "reqps",
          queries: [{ expr: rate(calls, ["rpc_method"]), legend: "{{rpc_method}}" }],
        },
        {
          title: "Time until a call was answered, p99",
          about: "As the caller sees it: with Envoy, the network and retries.",
          unit: "s",
          queries: [
            {
              expr: quantile(0.99, metrics.rpcClientDuration, ["service", "rpc_method"]),
              legend: "{{service}} {{rpc_method}}",
            },
          ],
        },
        {
          title: "Riders' streams",
          about: "Streams of updates that are open, of each gateway.",
          unit: "short",
          queries: [
            { expr: `sum by (instance) (${named(metrics.openStreams)})`, legend: "{{instance}}" },
          ],
        },
      ],
    },
    {
      title: "Events",
      panels: [
        {
          title: "Consumers' lag",
          about: "Events that a durable has not answered. Several gateways tell the same.",
          unit: "short",
          queries: [
            {
              expr: `max by (messaging_consumer_group_name) (${named(metrics.consumerLag)})`,
              legend: groupLegend,
            },
          ],
        },
        {
          title: "Messages settled",
          about: "`failed` come again, `dead` were put aside.",
          unit: "ops",
          queries: [
            {
              expr: rate(processed, [...group, "tripmesh_outcome"]),
              legend: `${groupLegend} {{tripmesh_outcome}}`,
            },
          ],
        },
        {
          title: "Time to settle a message, p99",
          about: "From taking it in hand.",
          unit: "s",
          queries: [{ expr: quantile(0.99, metrics.processDuration, group), legend: groupLegend }],
        },
        {
          title: "Redeliveries and dead letters",
          about: "Both should be nought. `./mesh dead-letters list` shows what was put aside.",
          unit: "ops",
          queries: [
            { expr: rate(named(metrics.redeliveries), group), legend: `${groupLegend} again` },
            { expr: rate(named(metrics.deadLetters), group), legend: `${groupLegend} dead` },
          ],
        },
        {
          title: "Outbox depth",
          about: "Events that the stream has not acknowledged. Several backends tell the same.",
          unit: "short",
          queries: [{ expr: `max(${named(metrics.outboxDepth)})`, legend: "events" }],
        },
        {
          title: "Outbox age",
          about: "Of the oldest such event. Grows while the event stream does not take any.",
          unit: "s",
          queries: [{ expr: `max(${named(metrics.outboxAge)})`, legend: "oldest" }],
        },
      ],
    },
    {
      title: "Models",
      panels: [
        {
          title: "A run of the model",
          about: "p50 and p99, from sending its rows to the worker to their answer.",
          unit: "s",
          queries: [
            { expr: quantile(0.5, metrics.modelRun, model), legend: `${modelLegend} p50` },
            { expr: quantile(0.99, metrics.modelRun, model), legend: `${modelLegend} p99` },
          ],
        },
        {
          title: "Rows in a run, p50 and p99",
          about: "More than one when rows wait for each other: under load, or behind a backlog.",
          unit: "short",
          queries: [
            { expr: quantile(0.5, metrics.modelBatch, model), legend: `${modelLegend} p50` },
            { expr: quantile(0.99, metrics.modelBatch, model), legend: `${modelLegend} p99` },
          ],
        },
        {
          title: "Wait for a run, p99",
          about: "Of the longest waiting row of each run.",
          unit: "s",
          queries: [{ expr: quantile(0.99, metrics.modelQueue, model), legend: modelLegend }],
        },
        {
          title: "Use of the worker",
          about: "Share of the time in which it had a run; at 100 % rows wait.",
          unit: "percentunit",
          queries: [
            {
              expr: `sum by (instance) (rate(${named(metrics.modelBusy)}[$__rate_interval]))`,
              legend: "{{instance}}",
            },
          ],
        },
      ],
    },
    {
      title: "Processes",
      panels: [
        {
          title: "Resident memory",
          about: "Of each process.",
          unit: "bytes",
          queries: [{ expr: named(metrics.memory), legend: "{{instance}}" }],
        },
        {
          title: "Delay of the event loop, p99",
          about: "A process that is late here is late everywhere.",
          unit: "s",
          queries: [{ expr: named(metrics.loopDelay), legend: "{{instance}}" }],
        },
        {
          title: "Started in the last quarter of an hour",
          about: "More than one: it was started again.",
          unit: "short",
          queries: [
            {
              expr: "count by (instance) (last_over_time(target_info[15m]))",
              legend: "{{instance}}",
            },
          ],
        },
      ],
    },
    {
      title: "Envoy",
      panels: [
        {
          title: "Requests by cluster",
          about: "A cluster is a slot; `-shadow` gets copies.",
          unit: "reqps",
          queries: [
            {
              expr: rate("envoy_cluster_upstream_rq_total", ["envoy_cluster_name"]),
              legend: "{{envoy_cluster_name}}",
            },
          ],
        },
        {
          title: "Retries and time-outs",
          about: "Of requests to each cluster.",
          unit: "reqps",
          queries: [
            {
              expr: rate("envoy_cluster_upstream_rq_retry", ["envoy_cluster_name"]),
              legend: "{{envoy_cluster_name}} again",
            },
            {
              expr: rate("envoy_cluster_upstream_rq_timeout", ["envoy_cluster_name"]),
              legend: "{{envoy_cluster_name}} timed out",
            },
          ],
        },
        {
          title: "Healthy and ejected members",
          about: "A cluster with riders and no healthy member answers 503.",
          unit: "short",
          queries: [
            {
              expr: "sum by (envoy_cluster_name) (envoy_cluster_membership_healthy)",
              legend: "{{envoy_cluster_name}} healthy",
            },
            {
              expr: "sum by (envoy_cluster_name) (envoy_cluster_outlier_detection_ejections_active)",
              legend: "{{envoy_cluster_name}} ejected",
            },
          ],
        },
      ],
    },
  ],
};
