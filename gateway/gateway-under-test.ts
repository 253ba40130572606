// A gateway on free ports with a real nats-server, and a Backend that knows which trip is whose.
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { pino } from "pino";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import { Trip, TripUpdate, Truth } from "#gen/tripmesh/backend/v1/trip.ts";
import { Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { publishPrediction } from "#kit/events/publish-prediction.ts";
import { tripSubject } from "#kit/events/subjects.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";
import { createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { handle, serve } from "#kit/rpc/server.ts";
import { startNats } from "../test/harness/nats.ts";
import { listen } from "./http-server.ts";
import { openLiveFeed } from "./live-feed.ts";
import { type ReaderLimits, readerDefaults } from "./reader.ts";
import { openStored, type StoredTrips } from "./stored.ts";
import { createUpdatesRoute } from "./updates-route.ts";
import { watchViaBackend } from "./watch-backend.ts";
import { watchDirect } from "./watch-direct.ts";

export const silent = pino({ level: "silent" });

export interface GatewayOptions {
  readonly limits?: ReaderLimits;
  readonly maxStreams?: number;
  /** Stands between the gateway and what is stored, to make reading fail or late. */
  readonly through?: (stored: StoredTrips) => StoredTrips;
}

/** Starts everything; `stop` takes it all away again. */
export async function startGateway(options: GatewayOptions = {}) {
  const nats = await startNats();
  const events = await nats.connect("gateway");
  const owners = new Map<string, string>();
  const backendServer = await serveBackend(owners);
  const backend = createClient(BackendServiceDefinition, backendServer.address);
  const feed = await openLiveFeed(events, silent);
  const { through = (real) => real } = options;
  const stored = through(await openStored(events));
  const updates = createUpdatesRoute({
    backend,
    ways: {
      direct: watchDirect({ feed, stored, log: silent }),
      backend: watchViaBackend({ backend, log: silent }),
    },
    maxStreams: options.maxStreams ?? 500,
    limits: options.limits ?? readerDefaults,
    log: silent,
  });
  const http = await listen([updates.route], { listen: "127.0.0.1:0", log: silent });
  return {
    nats,
    events,
    feed,
    stored,
    updates,
    owners,
    address: http.address,
    open: (tripId: string, query = "rider=ann", headers: Record<string, string> = {}) =>
      openStream(`http://${http.address}/v1/trips/${tripId}/updates?${query}`, headers),
    async stop() {
      updates.close();
      feed.stop();
      await http.close();
      backend.close();
      await backendServer.close();
      await nats.stop();
    },
  };
}

function serveBackend(owners: ReadonlyMap<string, string>) {
  const check = (tripId: string, rider: string | undefined) => {
    if (owners.get(tripId) !== rider) throw new MeshError("NOT_FOUND", `no trip ${tripId}`);
  };
  const unused = () => {
    throw new MeshError("UNIMPLEMENTED", "not in this test");
  };
  const handlers = handle(BackendServiceDefinition, {
    getTrip: ({ tripId }, { header }) => {
      check(tripId, header("x-rider-id"));
      return { trip: Trip.fromPartial({ tripId }) };
    },
    async *watchTrip({ tripId }, { header }) {
      check(tripId, header("x-rider-id"));
      for (const seq of [1, 2]) {
        yield { update: TripUpdate.fromPartial({ tripId, seq, kind: 1, value: seq }) };
      }
    },
    quote: unused,
    requestTrip: unused,
    startTrip: unused,
    reportProgress: unused,
    completeTrip: unused,
    cancelTrip: unused,
  });
  return serve([handlers], { listen: "127.0.0.1:0", log: silent });
}

const estimate = Estimate.fromPartial({
  duration: fromMinutes(10),
  lower: fromMinutes(8),
  upper: fromMinutes(14),
  price: fromUsd(15.5),
  version: "v1",
  slot: "blue",
});

/** An event of a trip, with what every one of its kind carries. */
export function tripEvent(tripId: string, seq: number, name: string): TripEvent {
  const value = { estimate, truth: Truth.fromPartial({ actualDuration: fromMinutes(12) }) };
  const finish = { lastDurationSeq: 3, lastPriceSeq: 3 };
  return TripEvent.fromPartial({
    eventId: `${tripId}:${seq}`,
    tripId,
    seq,
    occurredAt: new Date(Date.UTC(2021, 1, 1, 8, seq)),
    features: { pickupZone: 74, dropoffZone: 236 },
    body: { $case: name, value: { ...value, ...finish, shareDone: 0.5 } } as TripEvent["body"] & {},
  });
}

/** Stores an event as Backend's relay does. */
export async function publishEvent(events: Events, event: TripEvent): Promise<void> {
  const name = event.body?.$case ?? "requested";
  const body = TripEvent.encode(event).finish();
  await events.js.publish(tripSubject(event.tripId, name), body, { msgID: event.eventId });
}

/** A live prediction as the services make them. */
export function prediction(
  tripId: string,
  seq: number,
  service: string,
  value: number,
): Prediction {
  return Prediction.fromPartial({
    tripId,
    eventSeq: seq,
    service,
    version: "v1",
    slot: "blue",
    role: PredictionRole.LIVE,
    value,
    lower: value - 1,
    upper: value + 1,
    occurredAt: new Date(Date.UTC(2021, 1, 1, 8, seq)),
    servedAt: new Date(),
  });
}

/** Publishes the answers of all three services to one event. */
export async function publishAnswers(events: Events, tripId: string, seq: number): Promise<void> {
  const services = seq === 1 ? ["tip", "cost"] : seq === 2 ? ["dynamic-duration"] : all;
  for (const service of services) {
    await publishPrediction(events, prediction(tripId, seq, service, 10 + seq));
  }
}
const all = ["dynamic-duration", "tip", "cost"];

export interface SseEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** A reader of server-sent events that can also stop reading. */
export interface TestStream {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** What has arrived. */
  readonly events: readonly SseEvent[];
  /** `d1 s1 c1 …` in order of arrival. */
  summary(): string;
  /** Settles when the stream is over; tells whether it was ended properly. */
  readonly over: Promise<"ended" | "cut">;
  pause(): void;
  /** Calls back after each event, with how many there were. */
  onEvent(tell: (count: number) => unknown): void;
  close(): void;
}

/** Opens a stream and resolves with its head. */
export async function openStream(
  url: string,
  headers: Record<string, string> = {},
): Promise<TestStream> {
  const request = get(url, { headers, agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const events: SseEvent[] = [];
  const listeners: ((count: number) => unknown)[] = [];
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      if (request.destroyed || !/^data:/m.test(block)) continue; // closed by a listener: it has read enough
      const count = events.push(parse(block));
      for (const tell of listeners) tell(count);
    }
  });
  const over = new Promise<"ended" | "cut">((resolve) => {
    response.on("end", () => resolve("ended"));
    response.on("error", () => resolve("cut"));
    response.on("close", () => resolve(response.complete ? "ended" : "cut"));
  });
  request.on("error", () => undefined); // told by `over`
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    summary: () => events.map((event) => describe(event)).join(" "),
    over,
    pause: () => response.pause(),
    onEvent: (tell) => void listeners.push(tell),
    close: () => request.destroy(),
  };
}

function parse(block: string): SseEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
  return { event: field("event"), id: field("id"), data: field("data") };
}

const letters: Readonly<Record<string, string>> = {
  TRIP_UPDATE_KIND_DURATION: "d",
  TRIP_UPDATE_KIND_COST: "c",
  TRIP_UPDATE_KIND_TIP: "t",
  TRIP_UPDATE_KIND_STATE: "s",
};

function describe({ event, data }: SseEvent): string {
  if (event !== "update") return event;
  const { kind, seq } = JSON.parse(data) as { kind: string; seq: number };
  return `${letters[kind]}${seq}`;
}
