// The whole mesh with a real Envoy: every edge of the table is in the traces of one trip.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMesh } from "../../cli/testing/run-mesh.ts";
import { startMesh, type TestMesh, tempDataDir } from "../harness/mesh.ts";
import { describeEdge, edges } from "./edges.ts";
import { mutations } from "./mutations.ts";
import { findMissing, type OneTrip, readSpans, takeTrip } from "./one-trip.ts";
import { deployShadows } from "./shadows.ts";

const { dir, remove } = await tempDataDir();
let mesh: TestMesh;
let trip: OneTrip;
beforeAll(async () => {
  mesh = await startMesh(dir, "--no-replay", "--trace-rate", "0");
  await deployShadows(mesh);
  trip = await takeTrip(mesh);
});
afterAll(async () => {
  await mesh?.stop();
  await remove();
});

test("every edge is there", async () => {
  const missing = await findMissing(mesh, trip, 20_000);
  expect(missing.map(describeEdge)).toEqual([]);
});

test("every update on the screen says which trace it ends, by both ways", () => {
  const { request, start, complete } = trip.taps;
  const traces = (way: "direct" | "backend") =>
    new Set(trip.told[way].map((traceparent) => traceparent.split("-")[1]));
  expect(traces("direct")).toEqual(new Set([request, start, complete].map((tap) => tap.traceId)));
  expect(traces("backend")).toEqual(new Set([request, start, complete].map((tap) => tap.traceId)));
});

test("a model's span says which model it was, with how many rows it went, and how long it waited", async () => {
  const spans = await readSpans(mesh, trip.tripId, trip.taps);
  const models = spans.filter(({ name }) => name.startsWith("model "));
  expect(new Set(models.map(({ name, slot }) => `${name} ${slot}`)).size).toBe(8);
  for (const { slot, attributes } of models) {
    expect(attributes).toMatchObject({
      "tripmesh.model.version": slot === "blue" ? "v1" : "v2",
      "tripmesh.model.digest": expect.stringMatching(/^[0-9a-f]{64}$/),
      "tripmesh.model.batch_size": expect.any(Number),
      "tripmesh.model.queue_ms": expect.any(Number),
    });
  }
});

test("the trip's story is told from the streams, with inputs that are proved by their hash", async () => {
  const { code, out } = await runMesh(dir, "trip", "why", trip.tripId, "--data-dir", dir, "--json");
  expect(code).toBe(0);
  const { chapters, truth } = JSON.parse(out.join("")) as {
    chapters: {
      event: string;
      sayings: { service: string; areTheInputs: boolean; traceId: string }[];
    }[];
    truth: { minutes: number };
  };
  const told = chapters.map(({ event, sayings }) => [
    event,
    ...sayings.map((one) => one.service).sort(),
  ]);
  expect(told).toEqual([
    ["requested", "cost", "duration", "tip"],
    ["started", "dynamic-duration"],
    ["completed"],
  ]);
  const sayings = chapters.flatMap((chapter) => chapter.sayings);
  expect(sayings.map(({ areTheInputs }) => areTheInputs)).toEqual([true, true, true, true]);
  const { request, start } = trip.taps;
  expect(new Set(sayings.map(({ traceId }) => traceId))).toEqual(
    new Set([request.traceId, start.traceId]),
  );
  expect(truth.minutes).toBe(12);
});

test("every mutation is of text that is there once, and breaks an edge of the table", async () => {
  const lines = edges.map(describeEdge);
  for (const { name, file, from, breaks } of mutations) {
    const text = await readFile(new URL(`../../${file}`, import.meta.url), "utf8");
    expect({ name, times: text.split(from).length - 1 }).toEqual({ name, times: 1 });
    for (const edge of breaks) expect(lines, name).toContain(edge);
  }
});
