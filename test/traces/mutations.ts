/** One hop at which the trace is not carried on, and edges that are missing then. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** There once in the file. */
  readonly from: string;
  readonly to: string;
  /** As `describeEdge` says them. */
  readonly breaks: readonly string[];
}

const backend = "tripmesh.backend.v1.BackendService";
const predict = "tripmesh.duration.v1.DurationService/Predict";

export const mutations: readonly Mutation[] = [
  {
    name: "a client does not tell the callee",
    file: "kit/rpc/trace-call.ts",
    from: "  metadata.set(TRACEPARENT, toTraceparent(span.spanContext()));\n",
    to: "",
    breaks: [
      `request: backend ${predict} → envoy-mesh ingress (sync, live, parent)`,
      `watch-backend: gateway ${backend}/WatchTrip → envoy-edge ingress (sync, live, by backend, parent)`,
    ],
  },
  {
    name: "a server does not read what the caller told",
    file: "kit/rpc/trace-call.ts",
    from: 'readTraceparent(metadata.get(TRACEPARENT)[0]?.toString() ?? "")',
    to: 'readTraceparent("")',
    breaks: [
      `request: envoy-edge router backend egress → backend ${backend}/RequestTrip (sync, live, parent)`,
      `request: envoy-mesh mirror → duration-green ${predict} (async, shadow, parent)`,
    ],
  },
  {
    name: "a handler does not run inside its call",
    file: "kit/rpc/trace-call.ts",
    from: "run: (work) => context.with(inside, work),",
    to: "run: (work) => work(),",
    breaks: [
      `request: backend ${backend}/RequestTrip → backend ${predict} (sync, live, parent)`,
      `request: duration-blue ${predict} → duration-blue model duration (sync, live, parent)`,
    ],
  },
  {
    name: "copies are not marked",
    file: "kit/rpc/trace-call.ts",
    from: "...(isCopy && { [attribute.shadow]: true })",
    to: "...(isCopy && {})",
    breaks: [`request: envoy-mesh mirror → duration-green ${predict} (async, shadow, parent)`],
  },
  {
    name: "Envoy's edge records nothing",
    file: "envoy/envoy.yaml",
    from: "                tracing: &tracing\n                  $if: $traced\n",
    to: "                not_tracing: &tracing\n                  $if: false\n",
    breaks: ["request: client tap → envoy-edge ingress (sync, live, parent)"],
  },
  {
    name: "Envoy's mesh records nothing",
    file: "envoy/envoy.yaml",
    from: "                tracing: { <<: *tracing, $for: { listener: [envoy-mesh] } }\n",
    to: "",
    breaks: [
      `request: backend ${predict} → envoy-mesh ingress (sync, live, parent)`,
      "request: envoy-mesh ingress → envoy-mesh mirror (async, shadow, parent)",
    ],
  },
  {
    name: "the model's queue does not know its call",
    file: "kit/model/predictor.ts",
    from: "const traced = traceRow(card);",
    to: "const traced = traceRow(card) && undefined;",
    breaks: [
      `request: duration-blue ${predict} → duration-blue model duration (sync, live, parent)`,
      "request: tip-green process trips.*.requested → tip-green model tip (sync, shadow, parent)",
    ],
  },
  {
    name: "an event does not take its request's trace into the outbox",
    file: "services/backend/service.ts",
    from: "    traceparent: currentTraceparent(),\n",
    to: '    traceparent: "",\n',
    breaks: [`request: backend ${backend}/RequestTrip → backend outbox (async, live, parent)`],
  },
  {
    name: "a row of the outbox forgets it",
    file: "services/backend/rows.ts",
    from: "    traceparent,\n    createdAt:",
    to: '    traceparent: "",\n    createdAt:',
    breaks: [`start: backend ${backend}/StartTrip → backend outbox (async, live, parent)`],
  },
  {
    name: "the relay does not go on with it",
    file: "services/backend/relay.ts",
    from: "const traceparent = traceWait(row);",
    to: 'const traceparent = traceWait(row) && "";',
    breaks: ["request: backend outbox → backend publish trips.*.requested (async, live, parent)"],
  },
  {
    name: "messages do not carry it",
    file: "kit/events/headers.ts",
    from: '  if (event.traceparent) hdrs.set("traceparent", event.traceparent);\n',
    to: "",
    breaks: [
      "request: backend publish trips.*.requested → tip-blue process trips.*.requested (async, live, parent)",
      "request: tip-blue publish predictions.tip.live.* → backend process predictions.tip.live.* (async, live, parent)",
      "start: backend publish trips.*.started → gateway push update state (async, live, by direct, parent)",
    ],
  },
  {
    name: "a consumer does not read it",
    file: "kit/events/trace-message.ts",
    from: "isTracing() ? recorded(traceparentOf(message)) : undefined;",
    to: "undefined as SpanContext | undefined;",
    breaks: [
      "request: backend publish trips.*.requested → cost-green process trips.*.requested (async, shadow, parent)",
      "request: backend publish trips.*.requested → cost-green process trips.*.requested (async, shadow, link)",
    ],
  },
  {
    name: "a consumer is not linked to its producer",
    file: "kit/events/trace-message.ts",
    from: "      links: [{ context: producer }],\n",
    to: "",
    breaks: [
      "request: backend publish trips.*.requested → tip-blue process trips.*.requested (async, live, link)",
    ],
  },
  {
    name: "a consumer's work does not run inside its message",
    file: "kit/events/trace-message.ts",
    from: "return context.with(inside, () => inSpan(span, work));",
    to: "return inSpan(span, work);",
    breaks: [
      "request: tip-blue process trips.*.requested → tip-blue model tip (sync, live, parent)",
      "request: tip-blue process trips.*.requested → tip-blue publish predictions.tip.live.* (sync, live, parent)",
    ],
  },
  {
    name: "a prediction does not go on with its event's trace",
    file: "kit/events/publish-prediction.ts",
    from: "const traceparent = currentTraceparent();",
    to: 'const traceparent = currentTraceparent() && "";',
    breaks: [
      "start: dynamic-duration-green process trips.*.started → dynamic-duration-green publish predictions.dynamic-duration.shadow.* (sync, shadow, parent)",
    ],
  },
  {
    name: "duration's log does not name its causes",
    file: "services/duration/prediction-log.ts",
    from: "traceparent: currentTraceparent() });",
    to: 'traceparent: currentTraceparent() && "" });',
    breaks: [
      `request: duration-blue ${predict} → duration-blue publish predictions.duration.log (async, live, link)`,
      `request: duration-green ${predict} → duration-green publish predictions.duration.log (async, shadow, link)`,
    ],
  },
  {
    name: "the gateway does not read it from the live feed",
    file: "gateway/live-feed.ts",
    from: "take(message.data, traceparentOf(message));",
    to: 'take(message.data, traceparentOf(message) && "");',
    breaks: [
      "start: backend publish trips.*.started → gateway push update state (async, live, by direct, parent)",
      "start: dynamic-duration-blue publish predictions.dynamic-duration.live.* → gateway push update duration (async, live, by direct, parent)",
    ],
  },
  {
    name: "the gateway does not read it from what is stored",
    file: "gateway/stored.ts",
    from: "      const traceparent = traceparentOf({ headers: header });\n",
    to: '      const traceparent = traceparentOf({ headers: header }) && "";\n',
    breaks: [
      "request: tip-blue publish predictions.tip.live.* → gateway push update tip (async, live, by direct, parent)",
    ],
  },
  {
    name: "the gateway's push is not recorded",
    file: "gateway/reader.ts",
    from: 'const pushed = tracePush("push update", next.update, opening);',
    to: "const pushed = (opening, tracePush, next.update);",
    breaks: [
      "request: backend publish trips.*.requested → gateway push update state (async, live, by direct, parent)",
      "start: backend watch update state → gateway push update state (async, live, by backend, parent)",
    ],
  },
  {
    name: "the gateway does not go on with the trace of whoever opens updates",
    file: "gateway/traces/trace-request.ts",
    from: 'readTraceparent(String(headers["traceparent"] ?? ""))',
    to: 'readTraceparent(headers && "")',
    breaks: [
      "watch-direct: envoy-edge router gateway egress → gateway GET /v1/trips/{trip}/updates (sync, live, by direct, parent)",
    ],
  },
  {
    name: "a push is not linked to its stream",
    file: "kit/events/trace-push.ts",
    from: "links: stream && isSampled(stream) ? [{ context: stream }] : [],",
    to: "links: stream ? [] : [],",
    breaks: [
      "watch-direct: gateway GET /v1/trips/{trip}/updates → gateway push update state (async, live, by direct, link)",
      `watch-backend: backend ${backend}/WatchTrip → backend watch update state (async, live, by backend, link)`,
    ],
  },
  {
    name: "Backend's watchers are not told the trace of predictions",
    file: "services/backend/ledger.ts",
    from: "        read(message.data, traceparentOf(message));",
    to: '        read(message.data, traceparentOf(message) && "");',
    breaks: [
      "start: dynamic-duration-blue publish predictions.dynamic-duration.live.* → backend watch update duration (async, live, by backend, parent)",
    ],
  },
  {
    name: "Backend's watchers are not told the trace of a change",
    file: "services/backend/service.ts",
    from: "updatesOfEvent(event, currentTraceparent());",
    to: "updatesOfEvent(event);",
    breaks: [
      `start: backend ${backend}/StartTrip → backend watch update state (async, live, by backend, parent)`,
    ],
  },
  {
    name: "Backend does not find the trace of what it knows of a trip",
    file: "services/backend/service.ts",
    from: "request: traces.get(request) ??",
    to: 'request: traces.get("") ??',
    breaks: [
      `request: backend ${backend}/RequestTrip → backend watch update duration (async, live, by backend, parent)`,
    ],
  },
  {
    name: "the ledger forgets the trace of a prediction",
    file: "services/backend/ledger.ts",
    from: "      const traceparent = traceparentOf(message);\n",
    to: '      const traceparent = traceparentOf(message) && "";\n',
    breaks: [
      "request: tip-blue publish predictions.tip.live.* → backend watch update tip (async, live, by backend, parent)",
    ],
  },
  {
    name: "Backend does not pass it on in WatchTrip",
    file: "services/backend/service.ts",
    from: 'tracePush("watch update", update, opening)',
    to: '{ ...tracePush("watch update", update, opening), traceparent: "" }',
    breaks: [
      "start: backend watch update duration → gateway push update duration (async, live, by backend, parent)",
    ],
  },
];
