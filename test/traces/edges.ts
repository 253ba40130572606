// Every edge that the traces of one trip must have: who causes whom. docs/telemetry.md shows this table.
import type { AttributeValue } from "../../gateway/traces/trace-span.ts";

/** What a person does; each is a trace. `watch-…` opens the updates by one of the two ways. */
export type Tap = "request" | "watch-direct" | "watch-backend" | "start" | "complete";

/** A span, by its process and its name. */
export interface Place {
  /** `duration-blue`, `envoy-edge`; `client` is the person, whose span is nobody's to record. */
  readonly process: string;
  readonly span: string;
  readonly with?: Readonly<Record<string, AttributeValue>>;
}

export interface Edge {
  readonly tap: Tap;
  readonly from: Place;
  readonly to: Place;
  /** `sync`: somebody waits for it. */
  readonly how: "sync" | "async";
  /** Who sees it: the rider, or nobody. */
  readonly role: "live" | "shadow";
  /** How an update reaches the gateway. */
  readonly way?: "direct" | "backend";
  /** `parent`: the same trace goes on. `link`: another trace that points back. */
  readonly by: "parent" | "link";
}

type Rest = Partial<Pick<Edge, "how" | "role" | "way" | "by">>;
type Step = readonly [process: string, span: string, attributes?: Place["with"]];

const place = ([process, span, attributes]: Step): Place =>
  attributes ? { process, span, with: attributes } : { process, span };

/** Edges along a path, each step caused by the one before it. */
function path(tap: Tap, rest: Rest, ...steps: readonly Step[]): Edge[] {
  return steps.slice(1).map((to, i) => ({
    ...{ tap, how: "sync", role: "live", by: "parent", ...rest },
    from: place(steps[i] as Step),
    to: place(to),
  }));
}

const backend = "tripmesh.backend.v1.BackendService";
const predict = "tripmesh.duration.v1.DurationService/Predict";
const client: Step = ["client", "tap"];
const edgeIn: Step = ["envoy-edge", "ingress"];
const toBackend: Step = ["envoy-edge", "router backend egress"];
const meshIn: Step = ["envoy-mesh", "ingress"];
const answers = (method: string): Step => ["backend", `${backend}/${method}`];
const pushed = (kind: string): Step => ["gateway", "push update", { "tripmesh.update.kind": kind }];
const watched = (kind: string): Step => [
  "backend",
  "watch update",
  { "tripmesh.update.kind": kind },
];

/** From a person's call to the event on the stream. */
function toStream(tap: Tap, method: string, event: string): Edge[] {
  return [
    ...path(tap, {}, client, edgeIn, toBackend, answers(method)),
    ...path(tap, { how: "async" }, answers(method), ["backend", "outbox"], published(event)),
  ];
}

const published = (event: string): Step => ["backend", `publish trips.*.${event}`];

/** From the event to what a service's slot says about it. */
function toPrediction(tap: Tap, event: string, service: string, slot: "blue" | "green"): Edge[] {
  const role = slot === "blue" ? "live" : "shadow";
  const process = `${service}-${slot}`;
  const handles: Step = [process, `process trips.*.${event}`, { "tripmesh.role": role }];
  return [
    ...path(tap, { how: "async", role }, published(event), handles),
    ...path(tap, { how: "async", role, by: "link" }, published(event), handles),
    ...path(tap, { role }, handles, [process, `model ${service}`]),
    ...path(tap, { role }, handles, [process, `publish predictions.${service}.${role}.*`]),
  ];
}

/** From a live prediction to the ledger, and to the rider by one or both ways. */
function toRider(tap: Tap, service: string, kind: string, ways: readonly Edge["way"][]): Edge[] {
  const said: Step = [`${service}-blue`, `publish predictions.${service}.live.*`];
  const ledger: Step = ["backend", `process predictions.${service}.live.*`];
  return [
    ...path(tap, { how: "async" }, said, ledger),
    ...ways.flatMap((way) =>
      way === "direct"
        ? path(tap, { how: "async", way }, said, pushed(kind))
        : path(tap, { how: "async", way: "backend" }, said, watched(kind), pushed(kind)),
    ),
  ];
}

/** Opening the updates, by one way: the gateway asks whose trip it is, and by Backend's way follows it there. */
function opening(way: "direct" | "backend"): Edge[] {
  const tap: Tap = `watch-${way}`;
  const opens: Step = ["gateway", "GET /v1/trips/{trip}/updates"];
  const toGateway: Step = ["envoy-edge", "router gateway egress"];
  const asks = (method: string) =>
    path(
      tap,
      { way },
      opens,
      ["gateway", `${backend}/${method}`],
      edgeIn,
      toBackend,
      answers(method),
    );
  return [
    ...path(tap, { way }, client, edgeIn, toGateway, opens),
    ...asks("GetTrip"),
    ...(way === "backend" ? asks("WatchTrip") : []),
  ];
}

const priced = ["tip", "cost"] as const;
const slots = ["blue", "green"] as const;

const table: readonly Edge[] = [
  // The request: everything that a rider waits for …
  ...toStream("request", "RequestTrip", "requested"),
  ...path("request", {}, answers("RequestTrip"), ["backend", predict], meshIn),
  ...path(
    "request",
    {},
    meshIn,
    ["envoy-mesh", "router duration-blue egress"],
    ["duration-blue", predict],
    ["duration-blue", "model duration"],
  ),
  // … the copy that nobody waits for …
  ...path(
    "request",
    { how: "async", role: "shadow" },
    meshIn,
    ["envoy-mesh", "mirror"],
    ["duration-green", predict, { "tripmesh.shadow": true }],
    ["duration-green", "model duration"],
  ),
  // … the log of both, which is written for many calls at once …
  ...slots.flatMap((slot) =>
    path(
      "request",
      { how: "async", by: "link", role: slot === "blue" ? "live" : "shadow" },
      [`duration-${slot}`, predict],
      [`duration-${slot}`, "publish predictions.duration.log"],
    ),
  ),
  // … and what follows from the event. The rider's page opens the updates after this, and is told what is stored.
  ...priced.flatMap((service) => [
    ...slots.flatMap((slot) => toPrediction("request", "requested", service, slot)),
    ...toRider("request", service, service, ["direct", "backend"]),
  ]),
  ...path("request", { how: "async", way: "direct" }, published("requested"), pushed("duration")),
  ...path("request", { how: "async", way: "direct" }, published("requested"), pushed("state")),
  ...["duration", "state"].flatMap((kind) =>
    path(
      "request",
      { how: "async", way: "backend" },
      answers("RequestTrip"),
      watched(kind),
      pushed(kind),
    ),
  ),

  ...opening("direct"),
  ...opening("backend"),

  // The start of the ride, while the page watches by both ways.
  ...toStream("start", "StartTrip", "started"),
  ...slots.flatMap((slot) => toPrediction("start", "started", "dynamic-duration", slot)),
  ...toRider("start", "dynamic-duration", "duration", ["direct", "backend"]),
  ...path("start", { how: "async", way: "direct" }, published("started"), pushed("state")),
  ...path(
    "start",
    { how: "async", way: "backend" },
    answers("StartTrip"),
    watched("state"),
    pushed("state"),
  ),
  // A push belongs to what caused it, and points at the stream that it went out on.
  ...path(
    "watch-direct",
    { how: "async", way: "direct", by: "link" },
    ["gateway", "GET /v1/trips/{trip}/updates"],
    pushed("state"),
  ),
  ...path(
    "watch-backend",
    { how: "async", way: "backend", by: "link" },
    answers("WatchTrip"),
    watched("state"),
  ),

  ...toStream("complete", "CompleteTrip", "completed"),
  ...path("complete", { how: "async", way: "direct" }, published("completed"), pushed("state")),
];

/** GetTrip and WatchTrip of one opening cross the edge alike. */
export const edges: readonly Edge[] = [
  ...new Map(table.map((edge) => [describeEdge(edge), edge])).values(),
];

/** One line for a person: `request: backend outbox → backend publish trips.*.requested (async, parent)`. */
export function describeEdge({ tap, from, to, how, role, way, by }: Edge): string {
  const name = ({ process, span, with: about = {} }: Place) =>
    [process, span, ...(about["tripmesh.update.kind"] ? [about["tripmesh.update.kind"]] : [])].join(
      " ",
    );
  const about = [how, role, ...(way ? [`by ${way}`] : []), by].join(", ");
  return `${tap}: ${name(from)} → ${name(to)} (${about})`;
}
