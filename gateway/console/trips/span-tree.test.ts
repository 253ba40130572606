import fc from "fast-check";
import { expect, test } from "vitest";
import type { TraceSpan } from "../../traces/trace-span.ts";
import { extentOf, lasting, nameOfSpan, nameOfTrace, toRows } from "./span-tree.ts";

function span(spanId: string, parentSpanId: string, change: Partial<TraceSpan> = {}): TraceSpan {
  return {
    ...{ traceId: "t", spanId, parentSpanId, name: spanId, kind: "internal", service: "backend" },
    ...{ slot: "", startMs: 0, durationMs: 1, failed: false, attributes: {}, links: [] },
    ...change,
  };
}

test("spans stand below their parents, by their start; what no rider sees is marked", () => {
  const rows = toRows([
    span("later", "root", { startMs: 5 }),
    span("listener", "later", { startMs: 6, attributes: { "tripmesh.role": "shadow" } }),
    span("model", "copy", { startMs: 3 }),
    span("copy", "mirror", { startMs: 2, attributes: { "tripmesh.shadow": true } }),
    span("mirror", "root", { startMs: 1, name: "mirror", service: "envoy-mesh" }),
    span("root", "not recorded"),
  ]);
  expect(rows.map(({ span: { spanId }, depth, unseen }) => [spanId, depth, unseen])).toEqual([
    ["root", 0, undefined],
    ["mirror", 1, "mirrored"],
    ["copy", 2, "mirrored"],
    ["model", 3, "mirrored"],
    ["later", 1, undefined],
    ["listener", 2, "shadow"],
  ]);
});

test("every span has one row, whatever they say of their parents", () => {
  const id = fc.integer({ min: 0, max: 8 }).map(String);
  fc.assert(
    fc.property(fc.array(fc.tuple(id, id, fc.nat(50)), { maxLength: 20 }), (list) => {
      const spans = list.map(([own, parent, startMs]) => span(own, parent, { startMs }));
      const rows = toRows(spans);
      expect(new Set(rows.map((row) => row.span))).toEqual(new Set(spans));
      expect(rows.length).toBe(spans.length);
    }),
  );
});

test("a trace is called after the mesh's own first span, and lasts to its last end", () => {
  const spans = [
    span("a", "", { service: "envoy-edge", name: "ingress", startMs: 10, durationMs: 5 }),
    span("b", "a", { name: "tripmesh.backend.v1.BackendService/RequestTrip", startMs: 11 }),
    span("c", "b", {
      ...{ name: "push update", startMs: 30, durationMs: 2 },
      attributes: { "tripmesh.update.kind": "cost" },
    }),
  ];
  expect(nameOfTrace(toRows(spans))).toBe("BackendService/RequestTrip");
  expect(spans.map(nameOfSpan)).toEqual([
    "ingress",
    "BackendService/RequestTrip",
    "push update (cost)",
  ]);
  expect(extentOf(spans)).toEqual({ startMs: 10, durationMs: 22 });
  expect([0.001, 0.016, 51.66, 298.4, 2974, 126_000].map(lasting)).toEqual([
    ...["<0.01 ms", "0.02 ms", "51.7 ms", "298 ms", "2.97 s", "2.1 min"],
  ]);
});
