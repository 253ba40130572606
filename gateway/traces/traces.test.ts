// What the SDK's exporter sends is found by trip, within bounds.
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../http-server.ts";
import { startReceiver } from "./receiver.ts";
import type { TraceSpan } from "./trace-span.ts";
import { createTraceStore } from "./trace-store.ts";
import { createTracesRoute } from "./traces-route.ts";

const recording = { isHere: true, collector: null, rate: 0.02 };
const log = pino({ level: "silent" });

test("an exported span is answered as it was recorded", async () => {
  const store = createTraceStore();
  const receiver = await startReceiver(store, { listen: "127.0.0.1:0", log });
  const http = await listen([createTracesRoute(store, recording)], { listen: "127.0.0.1:0", log });
  onTestFinished(() => Promise.all([receiver.close(200), http.close()]).then(() => undefined));
  const exporter = new OTLPTraceExporter({ url: `http://${receiver.address}` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "tip", "tripmesh.slot": "blue" }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("test");
  const parent = tracer.startSpan("process", { kind: SpanKind.CONSUMER });
  parent.setAttributes({ "tripmesh.trip.id": "t1", rows: 3, share: 0.5, live: true });
  parent.setStatus({ code: SpanStatusCode.ERROR });
  const startTime = new Date("2026-01-01T00:00:00.250Z");
  const linked = { links: [{ context: parent.spanContext() }], startTime, root: true };
  const child = tracer.startSpan("other", linked);
  child.end(new Date("2026-01-01T00:00:01Z"));
  parent.end();
  await provider.shutdown();

  const ask = async (query: string) => {
    const response = await fetch(`http://${http.address}/api/traces?${query}`);
    return {
      status: response.status,
      body: (await response.json()) as { traces: { spans: TraceSpan[] }[] },
    };
  };
  const { traceId, spanId } = parent.spanContext();
  const found = await ask("trip=t1");
  expect(found.body.traces).toEqual([
    {
      traceId,
      dropped: 0,
      spans: [
        expect.objectContaining({
          ...{ spanId, parentSpanId: "", name: "process", kind: "consumer", failed: true },
          ...{ service: "tip", slot: "blue", links: [] },
          attributes: { "tripmesh.trip.id": "t1", rows: 3, share: 0.5, live: true },
        }),
      ],
    },
  ]);
  expect((await ask(`trace=${traceId}`)).body).toEqual(found.body);
  const other = child.spanContext();
  expect((await ask(`trace=${other.traceId}`)).body.traces[0]?.spans).toEqual([
    expect.objectContaining({
      ...{ startMs: startTime.getTime(), durationMs: 750, links: [{ traceId, spanId }] },
    }),
  ]);
  expect((await ask(`linked=${traceId}`)).body.traces).toHaveLength(1);
  const latest = await fetch(`http://${http.address}/api/traces/latest`);
  expect(await latest.json()).toEqual({
    trips: [{ tripId: "t1", traces: 1, spans: 1, failed: 1, startMs: expect.any(Number) }],
    recording,
  });
  expect((await ask("trip=unknown")).body).toEqual({ traces: [] });
  for (const wrong of ["", "trip=a/b", "trace=xyz", `trip=t1&trace=${traceId}`]) {
    expect((await ask(wrong)).status).toBe(400);
  }
});

test("holds no more than it may, drops the stalest traces whole, and forgets their trips", () => {
  const spans = fc.array(
    fc.record({
      trace: fc.nat({ max: 12 }),
      trip: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(spans, fc.integer({ min: 1, max: 20 }), (list, perTrace) => {
      const maxSpans = 40;
      const store = createTraceStore({ maxSpans, maxSpansPerTrace: perTrace });
      const order: number[] = [];
      for (const { trace, trip } of list) {
        store.add([spanOf(trace, trip)]);
        const at = order.indexOf(trace);
        if (at >= 0) order.splice(at, 1);
        order.push(trace);
        expect(store.size()).toBeLessThanOrEqual(maxSpans);
      }
      const kept = [...new Set(order)].filter((trace) => store.trace(idOf(trace)));
      expect(kept).toEqual(order.slice(order.length - kept.length)); // the latest ones
      const held = kept.flatMap((trace) => store.trace(idOf(trace))?.spans ?? []);
      expect(held.length).toBe(store.size());
      for (let trip = 0; trip <= 5; trip++) {
        const named = held.filter((span) => span.attributes["tripmesh.trip.id"] === `t${trip}`);
        const ids = store.ofTrip(`t${trip}`).map(({ traceId }) => traceId);
        expect(new Set(ids)).toEqual(new Set(named.map(({ traceId }) => traceId)));
      }
      const latest = store.latestTrips(3);
      const trips = new Set(held.flatMap(({ attributes }) => attributes["tripmesh.trip.id"] ?? []));
      expect(latest.length).toBe(Math.min(3, trips.size));
      for (const { tripId, traces } of latest) expect(store.ofTrip(tripId)).toHaveLength(traces);
    }),
  );
});

function idOf(trace: number): string {
  return trace.toString(16).padStart(32, "0");
}

function spanOf(trace: number, trip: number | undefined): TraceSpan {
  return {
    ...{ traceId: idOf(trace), spanId: "1", parentSpanId: "", name: "n", kind: "internal" },
    ...{ service: "s", slot: "", startMs: 0, durationMs: 1, failed: false, links: [] },
    attributes: trip === undefined ? {} : { "tripmesh.trip.id": `t${trip}` },
  };
}
