/**
 * Names of the attributes of spans, resources and metrics. OpenTelemetry's semantic conventions where they have
 * a word; what is tripmesh's own begins with `tripmesh.`. docs/telemetry.md lists them.
 */
export const attribute = {
  tripId: "tripmesh.trip.id",
  slot: "tripmesh.slot",
  /** `true` on what a mirror's copy caused: no rider sees it. */
  shadow: "tripmesh.shadow",
  /** `live`: a rider sees it; `shadow`: nobody does; `quote`: an answer to a price asked for. */
  role: "tripmesh.role",
  modelService: "tripmesh.model.service",
  modelVersion: "tripmesh.model.version",
  modelDigest: "tripmesh.model.digest",
  /** Rows that went through the model together. */
  batchSize: "tripmesh.model.batch_size",
  /** From the row's arrival to the start of its run, ms. */
  queueMs: "tripmesh.model.queue_ms",
  updateKind: "tripmesh.update.kind",
  updateSeq: "tripmesh.update.seq",
  rpcSystem: "rpc.system.name",
  rpcMethod: "rpc.method",
  rpcStatus: "rpc.response.status_code",
  messagingSystem: "messaging.system",
  messagingOperation: "messaging.operation.name",
  messagingOperationType: "messaging.operation.type",
  messagingDestination: "messaging.destination.name",
  messagingTemplate: "messaging.destination.template",
  messagingGroup: "messaging.consumer.group.name",
  messagingId: "messaging.message.id",
  messagingBatchSize: "messaging.batch.message_count",
  deliveries: "tripmesh.messaging.deliveries",
  httpMethod: "http.request.method",
  httpRoute: "http.route",
  /** `done`, `failed` (it will come again) or `dead` (it was put aside). */
  outcome: "tripmesh.outcome",
  /** `true` or `false`. */
  covered: "tripmesh.covered",
  /** `pass`, `fail`, `continue` or `hold`. */
  verdict: "tripmesh.verdict",
  /** Of a rollout: `running`, `paused` or `held`. */
  state: "tripmesh.state",
} as const;
