import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MeshError } from "#kit/rpc/errors.ts";
import { type Bundle, loadBundle } from "./bundle.ts";
import { createPredictor } from "./predictor.ts";
import { checkSignature } from "./signature.ts";

const shipped = new URL("../../models/duration/v1", import.meta.url).pathname;
const temps: string[] = [];
let bundle: Bundle;
beforeAll(async () => {
  bundle = await loadBundle(shipped);
});
afterAll(() => Promise.all(temps.map((dir) => rm(dir, { recursive: true }))));

async function copyOfBundle(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-bundle-"));
  temps.push(dir);
  await cp(shipped, dir, { recursive: true });
  return dir;
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "it was accepted",
    (error: unknown) => MeshError.from(error).message,
  );

const rows = Array.from({ length: 500 }, (_, i) => [
  1 + (i % 265),
  1 + ((i * 7) % 265),
  1_612_166_400 + i * 613,
  i % 3 === 0 ? Number.NaN : i / 20,
  i % 5 === 0 ? Number.NaN : 1,
]);

describe("a bundle", () => {
  test("is refused when its model is not the one on the card", async () => {
    const dir = await copyOfBundle();
    await writeFile(join(dir, "model.onnx"), "something else");
    expect(await failure(loadBundle(dir))).toMatch(/has digest .*, its card says/);
  });

  test("is refused without a card, or with a card that lacks a field, by name", async () => {
    const dir = await copyOfBundle();
    const path = join(dir, "model.json");
    const card = JSON.parse(await readFile(path, "utf8")) as object;
    await writeFile(path, JSON.stringify({ ...card, inputs: undefined }));
    expect(await failure(loadBundle(dir))).toContain("model.json: inputs:");
    await rm(path);
    expect(await failure(loadBundle(dir))).toContain("model.json cannot be read");
  });

  test("is refused when the service was written for other inputs", () => {
    const signature = { service: "duration", inputs: ["distance"], outputs: [] };
    expect(() => checkSignature(bundle.card, signature)).toThrow(/the service needs distance/);
  });

  test("is refused when the card names an input that the model lacks", async () => {
    const [first, ...rest] = bundle.card.inputs;
    const inputs = [
      { ...first, name: "no_such_input", dtype: "int64" as const, unit: "" },
      ...rest,
    ];
    const wrong = { ...bundle, card: { ...bundle.card, inputs } };
    expect(await failure(createPredictor(wrong))).toContain("no input named no_such_input");
  });
});

describe("a predictor", () => {
  test("gives the same bits and hashes one by one as together", async () => {
    const alone = await createPredictor(bundle, { maxBatch: 1 });
    const together = await createPredictor(bundle, { maxBatch: 64 });
    const a = await alone.predictAll(rows);
    const b = await Promise.all(rows.map((row) => together.predict(row)));
    expect(b).toEqual(a);
    expect(new Set(a.map((s) => Buffer.from(s.featureHash).toString("hex"))).size).toBe(
      rows.length,
    );
    await Promise.all([alone.close(), together.close()]);
  });

  test("keeps the interval around the value and answers unknown distances", async () => {
    const predictor = await createPredictor(bundle);
    for (const { values } of await predictor.predictAll(rows)) {
      const [value = 0, lower = 0, upper = 0, price = -1] = values;
      expect(lower).toBeLessThanOrEqual(value);
      expect(upper).toBeGreaterThanOrEqual(value);
      expect(price).toBeGreaterThanOrEqual(0);
    }
    await predictor.close();
  });

  test("drops a row whose caller has gone, and scores its neighbours", async () => {
    const predictor = await createPredictor(bundle, { maxBatch: 1 });
    const [row = []] = rows;
    const busy = predictor.predict(row); // keeps the worker busy while the others queue
    const gone = predictor.predict(row, () => true);
    const stays = predictor.predict(row, () => false);
    await expect(gone).rejects.toMatchObject({ code: "CANCELLED" });
    expect((await stays).values).toEqual((await busy).values);
    await predictor.close();
  });

  test("says RESOURCE_EXHAUSTED instead of queueing without end", async () => {
    const predictor = await createPredictor(bundle, { maxBatch: 1, maxQueue: 2 });
    const [row = []] = rows;
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => predictor.predict(row)),
    );
    const refused = results.filter((r) => r.status === "rejected");
    expect(refused.length).toBe(8); // two wait; none runs before the turn is over
    expect(refused[0]?.reason).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    await predictor.close();
  });

  test("finishes what waits before it closes, and refuses after", async () => {
    const predictor = await createPredictor(bundle, { maxBatch: 4 });
    const [row = []] = rows;
    const waiting = Promise.all(Array.from({ length: 20 }, () => predictor.predict(row)));
    await predictor.close();
    expect((await waiting).length).toBe(20);
    await expect(predictor.predict(row)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
