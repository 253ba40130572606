// What a real model's runs measure: rows are counted once, whoever travelled with whom.
import { afterAll, beforeAll, expect, test } from "vitest";
import { metrics } from "#kit/telemetry/registry.ts";
import { type Measured, measureHere } from "#kit/telemetry/testing/measured.ts";
import { loadBundle } from "./bundle.ts";
import { createPredictionCounts } from "./prediction-counts.ts";
import { createPredictor } from "./predictor.ts";

let measured: Measured;
beforeAll(async () => {
  measured = await measureHere();
});
afterAll(() => measured?.stop());

const ROWS = 100;
const of = { "tripmesh.model.service": "duration", "tripmesh.model.version": "v1" };

test("runs, rows and busy time of a model add up", async () => {
  const bundle = await loadBundle(new URL("../../models/duration/v1", import.meta.url).pathname);
  const predictor = await createPredictor(bundle);
  const row = [74, 236, 1_612_166_400, 2.5, 1];
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: ROWS }, () => predictor.predict(row)));
  const tookSeconds = (performance.now() - startedAt) / 1000;
  await predictor.close();

  const [batch] = await measured.values(metrics.modelBatch);
  const [run] = await measured.values(metrics.modelRun);
  const [queue] = await measured.values(metrics.modelQueue);
  const [busy] = await measured.values(metrics.modelBusy);
  const { count, sum } = (batch?.value ?? { count: 0, sum: 0 }) as { count: number; sum: number };
  expect(batch?.attributes).toEqual(of);
  expect(sum).toBe(ROWS);
  expect(count).toBeLessThan(ROWS); // they travelled together
  expect(run?.value).toMatchObject({ count });
  expect(queue?.value).toMatchObject({ count });
  expect(busy?.value).toBeGreaterThan(0);
  expect(busy?.value).toBeLessThanOrEqual(tookSeconds);
});

test("predictions are counted by who saw them", async () => {
  const counts = createPredictionCounts({ service: "tip", version: "v2" });
  for (const role of ["live", "live", "shadow"] as const) counts.count(role);
  const tip = { "tripmesh.model.service": "tip", "tripmesh.model.version": "v2" };
  expect(await measured.values(metrics.predictions)).toEqual([
    { attributes: { ...tip, "tripmesh.role": "live" }, value: 2 },
    { attributes: { ...tip, "tripmesh.role": "shadow" }, value: 1 },
    { attributes: { ...tip, "tripmesh.role": "quote" }, value: 0 },
  ]);
});
