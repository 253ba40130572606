import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { HealthDefinition } from "#gen/health/v1/health.ts";
import {
  BackendServiceDefinition,
  QuoteRequest,
  QuoteResponse,
} from "#gen/tripmesh/backend/v1/backend_service.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { askInGrpcWeb } from "./ask-in-grpc-web.ts";
import { askReflection } from "./ask-reflection.ts";
import { type CannedBackend, type CannedGateway, serveBackend, serveGateway } from "./canned.ts";
import { startTrial, type Trial } from "./trial.ts";

const BACKEND_TIMEOUT_MS = 700;
const ride = { pickupZone: 74, dropoffZone: 236 };

let trial: Trial;
let backend: CannedBackend;
let gateway: CannedGateway;
let client: Client<typeof BackendServiceDefinition>;

beforeAll(async () => {
  trial = await startTrial({ backendTimeoutMs: BACKEND_TIMEOUT_MS });
  backend = await serveBackend(trial);
  gateway = await serveGateway(trial);
  await trial.deploy("backend", [backend.address]);
  await trial.deploy("gateway", [gateway.address]);
  client = createClient(BackendServiceDefinition, trial.envoy.edge);
  trial.defer(() => client.close());
});

afterAll(() => trial.stop());

describe("JSON", () => {
  test("is turned into the RPC that the contract names, and its answer back", async () => {
    const { status, body } = await post("/v1/quotes", ride);
    expect(status).toBe(200);
    expect(body).toEqual({
      estimate: {
        duration: "720s",
        lower: "540s",
        upper: "960s",
        price: { currencyCode: "USD", units: "17", nanos: 500000000 },
        version: "v1",
        slot: "blue",
        digest: "",
        degraded: false, // said even when it is the default
      },
    });
    expect(backend.last("quote")).toMatchObject(ride);
  });

  test("reaches every RPC of a trip by its path", async () => {
    expect((await post("/v1/trips", { requestId: "a", ride })).body).toMatchObject({
      trip: { tripId: "new", state: "TRIP_STATE_REQUESTED" },
    });
    for (const verb of ["start", "progress", "complete", "cancel"]) {
      expect((await post(`/v1/trips/t7:${verb}`, {})).body).toMatchObject({
        trip: { tripId: "t7", riderId: verb },
      });
    }
    const read = await fetch(url("/v1/trips/t7"));
    expect(await read.json()).toMatchObject({ trip: { tripId: "t7", riderId: "get" } });
  });

  test.each([
    ["INVALID_ARGUMENT", 400, 3],
    ["NOT_FOUND", 404, 5],
    ["ALREADY_EXISTS", 409, 6],
    ["FAILED_PRECONDITION", 400, 9],
    ["RESOURCE_EXHAUSTED", 429, 8],
    ["UNAVAILABLE", 503, 14],
  ])("says what Backend's %s means in HTTP", async (error, status, code) => {
    const answer = await post("/v1/quotes", ride, { "x-fail": error });
    expect(answer).toMatchObject({ status, type: "application/json" });
    expect(answer.body).toMatchObject({ code, message: `canned ${error}` });
  });

  test("names the fields at fault", async () => {
    const { body } = await post("/v1/quotes", ride, { "x-fail": "FIELD" });
    expect(body).toEqual({
      code: 3,
      message: "pickup_zone: must be 1 to 265",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [
            expect.objectContaining({ field: "pickup_zone", description: "must be 1 to 265" }),
          ],
        },
      ],
    });
  });

  test("that is none is 400, in JSON", async () => {
    const answer = await post("/v1/quotes", "{nonsense");
    expect(answer).toMatchObject({ status: 400, type: "application/json" });
    expect(answer.body).toMatchObject({ code: 3, message: expect.stringMatching(/\w/) });
  });

  test("with a value of the wrong type is 400", async () => {
    const answer = await post("/v1/quotes", { ...ride, pickupZone: "north" });
    expect(answer.status).toBe(400);
  });

  test("with an unknown parameter in the query is 400", async () => {
    expect((await post("/v1/quotes?speed=1", ride)).status).toBe(400);
  });

  test("with an unknown field is taken without it: the transcoder cannot refuse it", async () => {
    expect((await post("/v1/quotes", { ...ride, colour: "red" })).status).toBe(200);
  });

  test("of 5 MB is 413, in JSON, and never reaches Backend", async () => {
    const before = backend.calls();
    const answer = await post("/v1/quotes", { ...ride, padding: "x".repeat(5_000_000) });
    expect(answer).toMatchObject({ status: 413, body: { code: 8 } });
    expect(backend.calls()).toBe(before);
  });

  test("for a path or method that is none is 404, in JSON", async () => {
    for (const [method, path] of [
      ["GET", "/v1/nothing"],
      ["GET", "/v1/quotes"],
      ["POST", "/v1/trips/t7:fly"],
    ] as const) {
      const response = await fetch(url(path), { method });
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ code: 5, message: "no such path or method" });
    }
  });

  test("that Backend does not answer in time is 504", async () => {
    const answer = await post("/v1/quotes", ride, { "x-fail": "SILENT" });
    expect(answer).toMatchObject({ status: 504, body: { code: 4 } });
  });

  test("is 503 while Backend is away", async () => {
    await withoutBackend();
    const answer = await post("/v1/quotes", ride);
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 14, message: "no healthy upstream" },
    });
  });
});

describe("gRPC", () => {
  test("passes as it is", async () => {
    const { estimate } = await client.quote(QuoteRequest.fromPartial({ ride }), calls);
    expect(estimate?.version).toBe("v1");
  });

  test("gets Backend's errors with their details", async () => {
    const headers = { "x-fail": "FIELD" };
    await expect(client.quote(QuoteRequest.create(), { ...calls, headers })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      violations: [{ field: "pickup_zone", description: "must be 1 to 265" }],
    });
  });

  test("gets Envoy's own errors as a status with a plain message", async () => {
    await withoutBackend();
    await expect(client.quote(QuoteRequest.create(), calls)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "no healthy upstream",
    });
  });

  test("for a service that is none is UNIMPLEMENTED", async () => {
    const other = createClient(
      { ...BackendServiceDefinition, fullName: "tripmesh.duration.v1.DurationService" },
      trial.envoy.edge,
    );
    onTestFinished(() => other.close());
    await expect(other.quote(QuoteRequest.create(), calls)).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      message: "no such method",
    });
  });

  test("streams outlive the time that a unary call has", async () => {
    const kinds: string[] = [];
    for await (const { update } of client.watchTrip({ tripId: "t7" }, { timeoutMs: 10_000 })) {
      kinds.push(update?.version ?? "");
      if (kinds.length === 1) setTimeout(() => backend.endWatch(), BACKEND_TIMEOUT_MS + 100);
    }
    expect(kinds).toEqual(["first", "last"]);
  });

  test("finds reflection, old and new, and health", async () => {
    for (const version of ["v1", "v1alpha"]) {
      expect(await askReflection(trial.envoy.edge, version)).toContain(
        BackendServiceDefinition.fullName,
      );
    }
    const health = createClient(HealthDefinition, trial.envoy.edge);
    onTestFinished(() => health.close());
    const service = BackendServiceDefinition.fullName;
    expect(await health.check({ service }, calls)).toEqual({ status: 1 });
  });
});

describe("gRPC-Web", () => {
  const request = () =>
    Buffer.from(QuoteRequest.encode(QuoteRequest.fromPartial({ ride })).finish());
  const path = () => url("/tripmesh.backend.v1.BackendService/Quote");

  test("is answered with the message and its trailers", async () => {
    const { message, trailers } = await askInGrpcWeb(path(), request());
    expect(QuoteResponse.decode(message).estimate?.slot).toBe("blue");
    expect(trailers).toContain("grpc-status:0");
  });

  test("gets an error's code and message", async () => {
    const { status, grpcMessage } = await askInGrpcWeb(path(), request(), {
      "x-fail": "NOT_FOUND",
    });
    expect({ status, grpcMessage }).toEqual({ status: "5", grpcMessage: "canned NOT_FOUND" });
  });

  test("gets Envoy's own errors with a plain message", async () => {
    await withoutBackend();
    const { status, grpcMessage } = await askInGrpcWeb(path(), request());
    expect({ status, grpcMessage }).toEqual({ status: "14", grpcMessage: "no healthy upstream" });
  });
});

describe("the gateway's routes", () => {
  test("a trip's updates pass as they come, and end where the reader leaves", async () => {
    const reader = new AbortController();
    const response = await fetch(url("/v1/trips/t7/updates?via=backend"), {
      signal: reader.signal,
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const frames = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await frames?.read())?.value).toBe("data: /v1/trips/t7/updates?via=backend\n\n");
    reader.abort();
    await gateway.readerLeft;
  });

  test("the rider's page and the gateway's readiness are its own", async () => {
    for (const path of ["/", "/assets/app.js", "/readyz"]) {
      const response = await fetch(url(path));
      expect(await response.text()).toBe(`gateway ${path}`);
    }
  });

  test("whether Envoy is alive is Envoy's to say", async () => {
    const response = await fetch(url("/healthz"));
    expect(await response.text()).toBe("ok\n");
  });
});

describe("headers that are the mesh's own", () => {
  const inner = { "x-cohort-key": "salt:mallory", "x-slot": "green", "x-shadow": "1" };

  test("do not come in from outside, whichever way; the rider's id does", async () => {
    const headers = { ...inner, "x-rider-id": "r1" };
    await post("/v1/quotes", ride, headers);
    expect(backend.lastHeaders()).toEqual({ "x-rider-id": "r1" });
    await client.quote(QuoteRequest.create(), { ...calls, headers });
    expect(backend.lastHeaders()).toEqual({ "x-rider-id": "r1" });
    await fetch(url("/"), { headers });
    for (const name of Object.keys(inner)) expect(gateway.lastHeaders()).not.toHaveProperty(name);
  });

  test("nor do those by which Envoy is steered", async () => {
    const headers = { "x-envoy-upstream-rq-timeout-ms": "1", "x-fail": "LATE" };
    expect((await post("/v1/quotes", ride, headers)).status).toBe(200);
  });
});

const calls = { timeoutMs: 5000 };

function url(path: string): string {
  return `http://${trial.envoy.edge}${path}`;
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url(path), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const type = response.headers.get("content-type");
  return { status: response.status, type, body: (await response.json()) as unknown };
}

/** Takes Backend away for the rest of the test. */
async function withoutBackend(): Promise<void> {
  await trial.deploy("backend", []);
  onTestFinished(() => trial.deploy("backend", [backend.address]));
}
