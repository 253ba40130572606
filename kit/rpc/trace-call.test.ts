// Calls over a real connection: one trace through client, server and what the handler calls in turn.
import {
  context,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { pino } from "pino";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { recordSpans } from "#kit/telemetry/testing/recorded.ts";
import { currentTraceparent, readTraceparent } from "#kit/telemetry/trace-context.ts";
import { currentTrip } from "#kit/telemetry/trip-context.ts";
import { createClient } from "./client.ts";
import { MeshError } from "./errors.ts";
import type { Handlers } from "./handlers.ts";
import { type HandleOptions, handle, serve } from "./server.ts";

const log = pino({ level: "silent" });
const recorded = recordSpans(0.5);
const open: { close(): unknown }[] = [];
beforeEach(() => recorded.forget());
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});
afterAll(() => recorded.stop());

const GET_TRIP = "tripmesh.backend.v1.BackendService/GetTrip";
const WATCH = "tripmesh.backend.v1.BackendService/WatchTrip";
const sampled = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
const unsampled = `00-${"1".repeat(32)}-${"2".repeat(16)}-00`;
const timeoutMs = 2_000;

async function start(
  handlers: Partial<Handlers<typeof BackendServiceDefinition>>,
  options?: HandleOptions,
) {
  const service = handle(
    BackendServiceDefinition,
    handlers as Handlers<typeof BackendServiceDefinition>,
    options,
  );
  const server = await serve([service], { listen: "127.0.0.1:0", log });
  const client = createClient(BackendServiceDefinition, server.address);
  open.push({ close: () => server.close(200) }, client);
  return client;
}

describe("a call", () => {
  test("goes on with the caller's trace, down to what its handler calls", async () => {
    let seen: { readonly below: string | undefined; readonly trip: string | undefined } | undefined;
    const behind = await start({
      getTrip: (_, { header }) => {
        seen = { below: header("traceparent"), trip: currentTrip() };
        return { trip: undefined };
      },
    });
    const front = await start({
      startTrip: async ({ tripId }) => behind.getTrip({ tripId }, { timeoutMs }),
    });
    await front.startTrip(
      { tripId: "t1", eventTime: undefined },
      { timeoutMs, headers: { traceparent: sampled } },
    );

    const outer = recorded
      .spans()
      .find(({ kind, name }) => kind === SpanKind.SERVER && name.endsWith("StartTrip"));
    const [inner, made] = [SpanKind.SERVER, SpanKind.CLIENT].map((kind) =>
      recorded.spans().find((span) => span.name === GET_TRIP && span.kind === kind),
    );
    expect(outer?.attributes).toMatchObject({
      "tripmesh.trip.id": "t1",
      "rpc.response.status_code": "OK",
    });
    expect(made?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(inner?.parentSpanContext?.spanId).toBe(made?.spanContext().spanId);
    expect(seen).toEqual({
      below: expect.stringContaining(made?.spanContext().spanId ?? "none"),
      trip: "t1",
    });
  });

  test("whose caller records nothing is recorded nowhere below, and messages need not mention it", async () => {
    let below: string | undefined;
    let message = "not asked";
    const behind = await start({
      getTrip: (_, { header }) => {
        below = header("traceparent");
        message = currentTraceparent();
        return { trip: undefined };
      },
    });
    const front = await start({
      startTrip: ({ tripId }) => behind.getTrip({ tripId }, { timeoutMs }),
    });
    for (let n = 0; n < 20; n++) {
      const headers = { traceparent: unsampled };
      await front.startTrip({ tripId: "t1", eventTime: undefined }, { timeoutMs, headers });
    }
    const spans = recorded.spans().filter(({ name }) => !name.endsWith("StartTrip"));
    expect(spans).toEqual([]);
    expect({ below, message }).toEqual({ below: unsampled, message: "" });
  });

  test("of a service that calls nobody is recorded when its caller says so, and only then", async () => {
    let seen: string | undefined;
    const handlers = {
      getTrip: () => {
        seen = currentTraceparent();
        return { trip: undefined };
      },
    } as Partial<Handlers<typeof BackendServiceDefinition>>;
    const client = await start(handlers, { isLeaf: true });
    await client.getTrip({ tripId: "t1" }, { timeoutMs, headers: { traceparent: unsampled } });
    expect({ seen, spans: recorded.spans() }).toEqual({ seen: "", spans: [] });
    await client.getTrip({ tripId: "t1" }, { timeoutMs, headers: { traceparent: sampled } });
    expect(recorded.one(GET_TRIP).spanContext().traceId).toBe("1".repeat(32));
    expect(seen).toContain("1".repeat(32));
  });

  test("says how it failed", async () => {
    const client = await start({
      getTrip: () => {
        throw new MeshError("NOT_FOUND", "there is no trip t9");
      },
    });
    const headers = { traceparent: sampled };
    await expect(client.getTrip({ tripId: "t9" }, { timeoutMs, headers })).rejects.toThrow(
      "no trip",
    );
    for (const span of recorded.spans()) {
      expect(span.attributes["rpc.response.status_code"]).toBe("NOT_FOUND");
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
    }
  });

  test("that a mirror has copied is marked", async () => {
    const client = await start({ getTrip: () => ({ trip: undefined }) });
    const headers = { traceparent: sampled, "x-shadow": "1" };
    await client.getTrip({ tripId: "t1" }, { timeoutMs, headers });
    const server = recorded.spans().find(({ kind }) => kind === SpanKind.SERVER);
    expect(server?.attributes["tripmesh.shadow"]).toBe(true);
  });

  test("that streams lasts as long as its stream, on both sides", async () => {
    const client = await start({
      async *watchTrip() {
        yield { update: undefined };
        yield { update: undefined };
      },
    });
    const tap = trace.setSpanContext(ROOT_CONTEXT, readTraceparent(sampled) as SpanContext);
    await context.with(tap, async () => {
      for await (const _ of client.watchTrip({ tripId: "t1" }, { timeoutMs }));
    });
    expect(recorded.spans().map(({ name, kind }) => [name, kind])).toEqual(
      expect.arrayContaining([
        [WATCH, SpanKind.SERVER],
        [WATCH, SpanKind.CLIENT],
      ]),
    );
  });
});
