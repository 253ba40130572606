// Real servers with canned answers, to stand behind the edge in its tests.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BackendServiceDefinition,
  QuoteResponse,
  WatchTripResponse,
} from "#gen/tripmesh/backend/v1/backend_service.ts";
import { Trip, TripState } from "#gen/tripmesh/backend/v1/trip.ts";
import { fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import { type Code, invalidArgument, MeshError } from "#kit/rpc/errors.ts";
import type { CallContext } from "#kit/rpc/handlers.ts";
import { handle } from "#kit/rpc/server.ts";
import { serveFor, type Trial } from "./trial.ts";

export interface CannedBackend {
  readonly address: string;
  /** How many quotes were asked for. */
  calls(): number;
  /** The ride of the last quote. */
  last(method: "quote"): unknown;
  /** Those headers of the last quote that matter here. */
  lastHeaders(): Record<string, string>;
  /** Lets the open WatchTrip say its last word. */
  endWatch(): void;
}

const WATCHED = ["x-rider-id", "x-cohort-key", "x-slot", "x-shadow"];

const estimate = {
  duration: fromSeconds(720),
  lower: fromSeconds(540),
  upper: fromSeconds(960),
  price: fromUsd(17.5),
  version: "v1",
  slot: "blue",
};

/** Answers every RPC; the header `x-fail` asks for an error instead. */
export async function serveBackend(trial: Trial): Promise<CannedBackend> {
  const watch = Promise.withResolvers<void>();
  let calls = 0;
  let lastRide: unknown;
  let lastHeaders: Record<string, string> = {};
  // The verb goes back as the rider, so that a test sees which RPC it was.
  const say = (verb: string) => (request: { tripId: string }) => ({
    trip: Trip.fromPartial({ tripId: request.tripId, riderId: verb }),
  });
  const server = await serveFor(trial, [
    handle(BackendServiceDefinition, {
      async quote({ ride }, context) {
        calls += 1;
        lastRide = ride;
        lastHeaders = watchedHeaders(context);
        await failAsAsked(context);
        return QuoteResponse.fromPartial({ estimate });
      },
      requestTrip: () => ({
        trip: Trip.fromPartial({ tripId: "new", state: TripState.REQUESTED }),
      }),
      startTrip: say("start"),
      reportProgress: say("progress"),
      completeTrip: say("complete"),
      cancelTrip: say("cancel"),
      getTrip: say("get"),
      async *watchTrip() {
        yield WatchTripResponse.fromPartial({ update: { version: "first" } });
        await watch.promise;
        yield WatchTripResponse.fromPartial({ update: { version: "last" } });
      },
    }),
  ]);
  return {
    address: server.address,
    calls: () => calls,
    last: () => lastRide,
    lastHeaders: () => lastHeaders,
    endWatch: watch.resolve,
  };
}

function watchedHeaders(context: CallContext): Record<string, string> {
  const pairs = WATCHED.map((name) => [name, context.header(name)]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

async function failAsAsked(context: CallContext): Promise<void> {
  const wanted = context.header("x-fail");
  if (wanted === undefined) return;
  if (wanted === "LATE") return sleep(50);
  if (wanted === "SILENT")
    return new Promise((resolve) => context.signal.addEventListener("abort", () => resolve()));
  if (wanted === "FIELD") {
    throw invalidArgument([{ field: "pickup_zone", description: "must be 1 to 265" }]);
  }
  throw new MeshError(wanted as Code, `canned ${wanted}`);
}

export interface CannedGateway {
  readonly address: string;
  lastHeaders(): IncomingHttpHeaders;
  /** Settles when a reader of updates has gone. */
  readonly readerLeft: Promise<void>;
}

/** Answers with the path; for updates with one event and an open stream. */
export async function serveGateway(trial: Trial): Promise<CannedGateway> {
  const left = Promise.withResolvers<void>();
  let headers: IncomingHttpHeaders = {};
  const server = createServer((request, response) => {
    // Health checks of Envoy's must not hide what the test sent.
    if (request.headers["user-agent"] !== "Envoy/HC") headers = request.headers;
    if (!request.url?.includes("/updates")) return response.end(`gateway ${request.url}`);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.once("close", left.resolve);
    return response.write(`data: ${request.url}\n\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));
  trial.defer(() => new Promise((resolve) => server.close(resolve)));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lastHeaders: () => headers,
    readerLeft: left.promise,
  };
}
