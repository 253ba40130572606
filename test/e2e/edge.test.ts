// The edge as strangers meet it: standard clients, bad input, and parts that die.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { createClient } from "#kit/rpc/client.ts";
import { readMeshFile } from "../../cli/up/mesh-file.ts";
import { isAlive, startMesh, type TestMesh, tempDataDir } from "../harness/mesh.ts";
import { until } from "../harness/until.ts";

const run = promisify(execFile);
const { dir, remove } = await tempDataDir();
let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startMesh(dir, "--no-replay");
});
afterAll(async () => {
  await mesh?.stop();
  await remove();
});

const quote = { pickupZone: 74, dropoffZone: 236 };

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

async function post(path: string, body: unknown, rider = "tester"): Promise<Answer> {
  const response = await fetch(`http://${mesh.edge}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(rider && { "x-rider-id": rider }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as Record<string, unknown>, text };
}

const askForQuote = async () =>
  (await post("/v1/quotes", quote)).body["estimate"] as Record<string, unknown>;

describe("standard clients", () => {
  test("the banner's curl line works when pasted", async () => {
    const line = mesh.lines.find((l) => l.includes("curl -sX POST"));
    const { stdout } = await run("sh", [
      "-c",
      line?.trim().replace(/^[^c]*(?=curl)/, "") ?? "false",
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ estimate: { version: "v1", degraded: false } });
  });

  test("a reflecting gRPC client that has no proto files can call and list", async () => {
    const url = `http://${mesh.edge}/tripmesh.backend.v1.BackendService/Quote`;
    const call = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "-H", "x-rider-id: me"];
    const { stdout } = await run("buf", [...call, "-d", JSON.stringify({ ride: quote }), url]);
    expect(JSON.parse(stdout)).toMatchObject({ estimate: { version: "v1", slot: "blue" } });
    expect(mesh.lines.some((l) => l.includes("grpcurl -plaintext"))).toBe(true);
  });

  test("both pages are served, and the console not by the edge", async () => {
    const page = await fetch(`http://${mesh.edge}/`);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await (await fetch(`http://${mesh.console}/`)).text()).toContain("<html");
    expect((await fetch(`http://${mesh.edge}/api/stream`)).status).toBe(404);
  });
});

describe("bad input over JSON", () => {
  const trip = (ride: object, requestId = "r1") => ({ requestId, ride: { ...quote, ...ride } });
  test.each([
    ["an unknown zone", "/v1/quotes", { pickupZone: 999, dropoffZone: 1 }, 400, "pickup_zone"],
    [
      "a negative distance",
      "/v1/quotes",
      { ...quote, tripDistanceMiles: -1 },
      400,
      "trip_distance_miles",
    ],
    ["NaN", "/v1/quotes", { ...quote, tripDistanceMiles: "NaN" }, 400, "trip_distance_miles"],
    [
      "a far pickup",
      "/v1/quotes",
      { ...quote, pickupTime: "2090-01-01T00:00:00Z" },
      400,
      "pickup_time",
    ],
    ["malformed JSON", "/v1/quotes", "{oops", 400, ""],
    ["an unknown path", "/v1/nowhere", {}, 404, ""],
    ["an empty request id", "/v1/trips", trip({}, ""), 400, "request_id"],
    ["an unknown trip", "/v1/trips/t0:start", {}, 404, ""],
  ])("%s is refused precisely", async (_what, path, body, status, field) => {
    const answer = await post(path, body);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(field);
    expect(answer.body["message"]).toBeTypeOf("string");
  });

  test("an empty rider is refused", async () => {
    const answer = await post("/v1/quotes", quote, "");
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("x-rider-id");
  });

  test("the same id with another ride conflicts", async () => {
    expect((await post("/v1/trips", trip({}, "conflict"))).status).toBe(200);
    expect((await post("/v1/trips", trip({ dropoffZone: 7 }, "conflict"))).status).toBe(409);
  });

  test("5 MB are too much, and the edge lives on", async () => {
    const response = await fetch(`http://${mesh.edge}/v1/quotes`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-rider-id": "big" },
      body: JSON.stringify({ ...quote, padding: "x".repeat(5 << 20) }),
    });
    expect([413, 429]).toContain(response.status);
    expect(await askForQuote()).toMatchObject({ degraded: false });
  });

  test("5 MB over gRPC are RESOURCE_EXHAUSTED", async () => {
    const backend = createClient(BackendServiceDefinition, mesh.edge);
    const request = { requestId: "x".repeat(5 << 20), ride: undefined, eventTime: undefined };
    const headers = { "x-rider-id": "big" };
    const refused = backend.requestTrip(request, { timeoutMs: 10_000, headers });
    await expect(refused).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    backend.close();
  });

  test("progress after the end is refused", async () => {
    const { body } = await post("/v1/trips", trip({}, "whole"));
    const { tripId } = body["trip"] as { tripId: string };
    await post(`/v1/trips/${tripId}:start`, {});
    const truth = {
      actualDuration: "600s",
      cost: { currencyCode: "USD", units: "12" },
      distanceMiles: 2,
    };
    expect((await post(`/v1/trips/${tripId}:complete`, truth)).status).toBe(200);
    const late = await post(`/v1/trips/${tripId}:progress`, { shareDone: 0.5, elapsed: "60s" });
    expect(late.status).toBe(400);
    expect(late.text).toContain("the trip is completed");
  });
});

describe("when a part dies", () => {
  const pidOf = (name: string) => {
    const found = Object.entries(readMeshFile(dir)?.pids ?? {}).find(([key]) =>
      key.startsWith(name),
    );
    if (!found) throw new Error(`no process ${name}`);
    return found[1];
  };
  const isHealthy = async () => {
    const estimate = await askForQuote().catch(() => undefined);
    return estimate?.["degraded"] === false;
  };

  test("without duration a quote comes from the baseline, with a price, and then from the model again", async () => {
    process.kill(pidOf("duration-blue"), "SIGKILL");
    const estimate = await until("a degraded quote", async () => {
      const answer = await askForQuote();
      return answer["degraded"] === true ? answer : undefined;
    });
    expect(estimate).toMatchObject({ version: "baseline" });
    expect(estimate["price"]).toMatchObject({ currencyCode: "USD" });
    await until("duration is back", isHealthy);
  });

  test("Envoy is started again", async () => {
    const pid = pidOf("envoy");
    process.kill(pid, "SIGKILL");
    await until("the old Envoy is gone", () => !isAlive(pid));
    await until("the edge is back", isHealthy);
  });

  test("without the event stream trips go on", async () => {
    process.kill(pidOf("nats"), "SIGKILL");
    const answer = await post("/v1/trips", { requestId: "no-stream", ride: quote });
    expect(answer.status).toBe(200);
    const { tripId } = answer.body["trip"] as { tripId: string };
    await until("the tip service has answered after all", async () => {
      const response = await fetch(`http://${mesh.edge}/v1/trips/${tripId}`, {
        headers: { "x-rider-id": "tester" },
      });
      return ((await response.json()) as { trip: { tip?: unknown } }).trip.tip;
    });
  });
});
