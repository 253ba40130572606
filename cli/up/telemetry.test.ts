import { expect, test } from "vitest";
import { createMeshTelemetry } from "./telemetry.ts";

function setUp(env: NodeJS.ProcessEnv, { port = 4317, metrics = false } = {}) {
  const collectors: (string | undefined)[] = [];
  const telemetry = createMeshTelemetry({
    env,
    port,
    traceRate: 0.02,
    metrics,
    setCollector: (address) => collectors.push(address),
  });
  return { telemetry, collectors };
}

test("without a collector the gateway takes spans, and all others are told where once it listens", async () => {
  const { telemetry, collectors } = setUp({});
  await telemetry.begin();
  expect(telemetry.gatewayEnv(undefined)).toEqual({ MESH_OTLP_LISTEN: "127.0.0.1:4317" });
  expect(telemetry.env()).toEqual({ MESH_TRACE_RATE: "0.02", OTEL_METRICS_EXPORTER: "none" });
  telemetry.gatewayIs({ otlp: "127.0.0.1:5000" });
  expect(telemetry.env()).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:5000" });
  telemetry.gatewayIs(undefined);
  expect(collectors).toEqual(["127.0.0.1:5000", undefined]);
  expect(telemetry.gatewayEnv({ otlp: "127.0.0.1:5000" })).toEqual({
    MESH_OTLP_LISTEN: "127.0.0.1:5000", // a restarted one keeps its port
  });
  expect(telemetry.address()).toBe("127.0.0.1:5000");
});

test("with a collector of somebody else's everything goes there, metrics too, and the gateway takes none", async () => {
  const endpoint = "http://localhost:14317";
  const { telemetry, collectors } = setUp({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  await telemetry.begin();
  telemetry.gatewayIs({ http: "127.0.0.1:1" });
  expect(collectors).toEqual([expect.stringMatching(/^(127\.0\.0\.1|\[::1\]):14317$/)]);
  expect(telemetry.gatewayEnv(undefined)).toEqual({});
  expect(telemetry.env()).toEqual({
    MESH_TRACE_RATE: "0.02",
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  });
  expect(telemetry.address()).toBeUndefined();
});

test("for Prometheus every process listens where the kernel says, beside whatever else it does", () => {
  const { telemetry } = setUp({}, { metrics: true });
  expect(telemetry.env()).toEqual({
    MESH_TRACE_RATE: "0.02",
    OTEL_METRICS_EXPORTER: "none",
    MESH_METRICS_LISTEN: "127.0.0.1:0",
  });
});
