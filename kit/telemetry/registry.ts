import { attribute } from "./attributes.ts";

/** A metric of the mesh. */
export interface Metric {
  /** As OpenTelemetry has it; for Prometheus it has `_` for `.`, and counters end in `_total`. */
  readonly name: string;
  /** `gauge` and `total` (a counter) are asked for at each export; the others are told when something happens. */
  readonly kind: "counter" | "histogram" | "gauge" | "total";
  /** In UCUM: `s`, `By`, `1`, `{event}`. */
  readonly unit: string;
  readonly description: string;
  /** The attributes that each of its values has, no more and no fewer. */
  readonly attributes: readonly string[];
  /** Upper ends of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[];
  /** The processes that have it. */
  readonly of: string;
}

/** Seconds, from what a worker thread takes to what nobody waits for. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Every metric there is. docs/telemetry.md is made from this list. */
export const metrics = {
  rpcServerDuration: {
    name: "rpc.server.call.duration",
    kind: "histogram",
    unit: "s",
    description: "Time to answer a call; its count is the rate, its status code tells errors",
    attributes: [attribute.rpcMethod, attribute.rpcStatus],
    buckets: SECONDS,
    of: "every RPC server",
  },
  rpcClientDuration: {
    name: "rpc.client.call.duration",
    kind: "histogram",
    unit: "s",
    description: "Time until a call was answered, as its caller sees it",
    attributes: [attribute.rpcMethod, attribute.rpcStatus],
    buckets: SECONDS,
    of: "every RPC client",
  },
  processDuration: {
    name: "messaging.process.duration",
    kind: "histogram",
    unit: "s",
    description: "Time from taking a message in hand to settling it",
    attributes: [attribute.messagingGroup, attribute.outcome],
    buckets: SECONDS,
    of: "consumers",
  },
  redeliveries: {
    name: "tripmesh.consumer.redeliveries",
    kind: "counter",
    unit: "{message}",
    description:
      "Messages that came again, because they failed or nobody acknowledged them in time",
    attributes: [attribute.messagingGroup],
    of: "consumers",
  },
  deadLetters: {
    name: "tripmesh.consumer.dead_letters",
    kind: "counter",
    unit: "{message}",
    description: "Messages that were put aside",
    attributes: [attribute.messagingGroup],
    of: "consumers",
  },
  consumerLag: {
    name: "tripmesh.consumer.lag",
    kind: "gauge",
    unit: "{message}",
    description: "Events that a durable has not acknowledged: not delivered, or in hand",
    attributes: [attribute.messagingGroup],
    of: "gateway",
  },
  outboxDepth: {
    name: "tripmesh.outbox.depth",
    kind: "gauge",
    unit: "{event}",
    description: "Events in the outbox that the stream has not acknowledged",
    attributes: [],
    of: "backend",
  },
  outboxAge: {
    name: "tripmesh.outbox.age",
    kind: "gauge",
    unit: "s",
    description:
      "Age of the oldest event in the outbox that the stream has not acknowledged; 0 for none",
    attributes: [],
    of: "backend",
  },
  modelRun: {
    name: "tripmesh.model.run.duration",
    kind: "histogram",
    unit: "s",
    description:
      "Time of one run of the model, from sending its rows to the worker to their answer",
    attributes: [attribute.modelService, attribute.modelVersion],
    buckets: SECONDS,
    of: "model services",
  },
  modelBatch: {
    name: "tripmesh.model.batch.size",
    kind: "histogram",
    unit: "{row}",
    description: "Rows of one run",
    attributes: [attribute.modelService, attribute.modelVersion],
    buckets: [1, 2, 4, 8, 16, 32, 64],
    of: "model services",
  },
  modelQueue: {
    name: "tripmesh.model.queue.duration",
    kind: "histogram",
    unit: "s",
    description: "Time that the longest waiting row of a run waited for it",
    attributes: [attribute.modelService, attribute.modelVersion],
    buckets: SECONDS,
    of: "model services",
  },
  modelBusy: {
    name: "tripmesh.model.busy",
    kind: "total",
    unit: "s",
    description: "Time in which the worker had a run; its rate is the worker's utilisation",
    attributes: [attribute.modelService, attribute.modelVersion],
    of: "model services",
  },
  predictions: {
    name: "tripmesh.predictions",
    kind: "total",
    unit: "{prediction}",
    description: "Predictions made, by who saw them",
    attributes: [attribute.modelService, attribute.modelVersion, attribute.role],
    of: "model services",
  },
  realisedError: {
    name: "tripmesh.realised.error",
    kind: "histogram",
    unit: "min",
    description:
      "How far durations that riders were shown were from the real one: duration's first estimate, dynamic-duration's last correction",
    attributes: [attribute.modelService, attribute.modelVersion],
    buckets: [0.5, 1, 2, 3, 5, 8, 12, 20, 30, 60],
    of: "gateway",
  },
  realisedPriceError: {
    name: "tripmesh.realised.price_error",
    kind: "histogram",
    unit: "{USD}",
    description:
      "How far the last cost and the last tip that riders were shown were from the real ones",
    attributes: [attribute.modelService, attribute.modelVersion],
    buckets: [0.25, 0.5, 1, 2, 3, 5, 8, 12, 20, 40],
    of: "gateway",
  },
  realisedCoverage: {
    name: "tripmesh.realised.intervals",
    kind: "counter",
    unit: "{prediction}",
    description: "The same by whether the truth was in the interval; 80 % should be",
    attributes: [attribute.modelService, attribute.modelVersion, attribute.covered],
    of: "gateway",
  },
  openStreams: {
    name: "tripmesh.push.streams",
    kind: "gauge",
    unit: "{stream}",
    description: "Riders' streams of updates that are open",
    attributes: [],
    of: "gateway",
  },
  trafficWeight: {
    name: "tripmesh.traffic.weight",
    kind: "gauge",
    unit: "1",
    description: "Share of the riders whom a slot answers, as decided, 0 to 1",
    attributes: [attribute.modelService, attribute.slot, attribute.modelVersion],
    of: "rollout",
  },
  rolloutStage: {
    name: "tripmesh.rollout.stage",
    kind: "gauge",
    unit: "1",
    description: "Stage of a rollout that is not over, from 1",
    attributes: [attribute.modelService, attribute.modelVersion],
    of: "rollout",
  },
  rolloutState: {
    name: "tripmesh.rollout.state",
    kind: "gauge",
    unit: "1",
    description: "1 for the state of a rollout that is not over; held: it waits for a person",
    attributes: [attribute.modelService, attribute.modelVersion, attribute.state],
    of: "rollout",
  },
  trafficOverrides: {
    name: "tripmesh.traffic.overrides",
    kind: "gauge",
    unit: "{key}",
    description:
      "Keys of a service's traffic that are set by hand in Envoy, where they hide what was decided",
    attributes: [attribute.modelService],
    of: "rollout",
  },
  rolloutVerdict: {
    name: "tripmesh.rollout.verdict",
    kind: "gauge",
    unit: "1",
    description: "1 for the verdict of the last look at a rollout that is not over",
    attributes: [attribute.modelService, attribute.modelVersion, attribute.verdict],
    of: "rollout",
  },
  memory: {
    name: "process.memory.usage",
    kind: "gauge",
    unit: "By",
    description: "Resident memory of the process",
    attributes: [],
    of: "every process",
  },
  loopDelay: {
    name: "nodejs.eventloop.delay.p99",
    kind: "gauge",
    unit: "s",
    description: "Delay of the event loop that 99 % of the turns since the last export were below",
    attributes: [],
    of: "every process",
  },
} as const satisfies Record<string, Metric>;
