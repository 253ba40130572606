// With a collector of somebody else's, everything goes there: Envoy's spans, every process's, and all metrics.
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ExportTraceServiceRequest } from "#gen/opentelemetry/proto/collector/trace/v1/trace_service.ts";
import { type Metric, metrics } from "#kit/telemetry/registry.ts";
import { readResourceSpans, type TraceSpan } from "../../gateway/traces/trace-span.ts";
import { startMesh, type TestMesh, tempDataDir } from "../harness/mesh.ts";
import { until } from "../harness/until.ts";
import { takeTrip } from "./one-trip.ts";

const { dir, remove } = await tempDataDir();
const collector = await startCollector();
let mesh: TestMesh;
beforeAll(async () => {
  process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = `http://${collector.address}`;
  mesh = await startMesh(dir, "--no-replay", "--trace-rate", "0");
});
afterAll(async () => {
  await mesh?.stop();
  collector.stop();
  await remove();
});

test("every process sends its spans there, and the gateway takes none", async () => {
  expect(mesh.otlp).toBeUndefined();
  const { taps } = await takeTrip(mesh);
  const own = new Set(Object.values(taps).map(({ traceId }) => traceId));
  const senders = ["envoy-edge", "envoy-mesh", "backend", "duration", "tip", "cost", "gateway"];
  await until("all have sent", () => {
    const seen = new Set(
      collector.spans().flatMap(({ traceId, service }) => (own.has(traceId) ? [service] : [])),
    );
    return [...senders, "dynamic-duration"].every((sender) => seen.has(sender));
  });
});

test("metrics go there by the names of the registry", async () => {
  const rare: readonly Metric[] = [
    ...[metrics.deadLetters, metrics.redeliveries], // nothing fails here
    ...[metrics.rolloutStage, metrics.rolloutState, metrics.rolloutVerdict], // nothing is released
  ];
  const expected = Object.values(metrics).filter((metric) => !rare.includes(metric));
  let missing: string[] = [];
  await until(
    "all metrics are there",
    () => {
      const received = collector.metrics();
      missing = expected.map(({ name }) => name).filter((name) => !received.includes(name));
      return missing.length === 0;
    },
    40_000,
  ).catch(() => undefined); // said better below
  expect(missing).toEqual([]);
});

/** The two services of a collector that are used here. */
async function startCollector() {
  const spans: TraceSpan[] = [];
  let received = "";
  const server = new grpc.Server();
  const take = (signal: "trace" | "metrics", service: string, read: (bytes: Buffer) => void) => {
    const path = `/opentelemetry.proto.collector.${signal}.v1.${service}/Export`;
    const raw = (bytes: Buffer) => bytes;
    const codec = {
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    };
    server.addService(
      { export: { path, requestStream: false, responseStream: false, ...codec } },
      {
        export(call: grpc.ServerUnaryCall<Buffer, Buffer>, reply: grpc.sendUnaryData<Buffer>) {
          read(call.request);
          reply(null, Buffer.alloc(0));
        },
      },
    );
  };
  take("trace", "TraceService", (bytes) => {
    spans.push(...ExportTraceServiceRequest.decode(bytes).resourceSpans.flatMap(readResourceSpans));
  });
  take("metrics", "MetricsService", (bytes) => {
    received += bytes.toString("latin1"); // names are told by their bytes
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    spans: () => spans,
    metrics: () => received,
    stop: () => server.forceShutdown(),
  };
}
