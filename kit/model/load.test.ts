// What is refused when a model is loaded or scored, each with a sentence that says what is wrong.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MeshError } from "#kit/rpc/errors.ts";
import { type Bundle, loadBundle } from "./bundle.ts";
import { createColumnScorer } from "./column-scorer.ts";
import { createPredictor } from "./predictor.ts";

const number = { name: "size", dtype: "float32", unit: "" };
const text = { name: "word", dtype: "string", unit: "" };
let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-load-"));
});
afterAll(() => rm(dir, { recursive: true }));

/** A bundle with one of the tiny models of `testing/` and a card with these inputs. */
async function bundleOf(name: string, inputs: readonly object[] = [number]): Promise<Bundle> {
  const model = await readFile(new URL(`./testing/${name}.onnx`, import.meta.url));
  const digest = createHash("sha256").update(model).digest("hex");
  const outputs = [{ name: "answer", dtype: "float32", unit: "" }];
  await writeFile(join(dir, "model.onnx"), model);
  await writeFile(
    join(dir, "model.json"),
    JSON.stringify({ service: "test", version: "v1", digest, inputs, outputs }),
  );
  return loadBundle(dir);
}

async function refusal(bundle: Bundle): Promise<string> {
  try {
    await (await createPredictor(bundle)).close();
  } catch (error) {
    return MeshError.from(error).message;
  }
  return "it was accepted";
}

describe("a model is refused at load, with the file and what was expected,", () => {
  test.each([
    ["double", [number], "input size of the model is float64, the card says float32"],
    ["wide", [number], "input size has shape [N,4], not [N] or [N, 1]"],
    ["identity", [{ ...number, name: "length" }], "no input named length; it has size"],
    ["text-and-matrix", [number], "needs an input named word, which the card lacks"],
    ["opset-of-tomorrow", [number], "Opset 99"],
    ["too-old-opset", [number], "Mod"],
    ["text-and-matrix", [text, number], "takes text (word)"],
  ])("%s", async (name, inputs, sentence) => {
    const message = await refusal(await bundleOf(name, inputs));
    expect(message).toContain(sentence);
    expect(message).toContain("test@v1");
  });

  test("and the file is named", async () => {
    expect(await refusal(await bundleOf("double"))).toContain(join(dir, "model.onnx"));
  });
});

test("a row with a NaN answer is refused, its neighbours are not", async () => {
  const predictor = await createPredictor(await bundleOf("not-a-number"));
  const results = await Promise.allSettled([4, -1, 9].map((size) => predictor.predict([size])));
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(results[1]).toMatchObject({ reason: { code: "INTERNAL" } });
  await predictor.close();
});

describe("columns", () => {
  test("may be text, and tensors of shape [N, 1]", async () => {
    const scorer = await createColumnScorer(await bundleOf("text-and-matrix", [text, number]));
    const [answer] = await scorer.score([["yes", "no", "maybe"], Float32Array.of(1, 1, 1)], 3);
    expect([...(answer ?? [])]).toEqual([2, 3, 0]);
    expect(await scorer.score([[], new Float32Array()], 0)).toEqual([new Float32Array()]);
    await scorer.close();
  });

  test("of another kind or length are refused by name", async () => {
    const scorer = await createColumnScorer(await bundleOf("identity"));
    const wrong = [BigInt64Array.of(1n), Float32Array.of(1, 2)];
    for (const column of wrong) {
      await expect(scorer.score([column], 1)).rejects.toThrow(/size needs 1 values in a Float32/);
    }
    await expect(scorer.score([], 1)).rejects.toThrow(/no column/);
    await scorer.close();
  });

  test("say the same as rows, to the bit", async () => {
    const bundle = await loadBundle(new URL("../../models/duration/v1", import.meta.url).pathname);
    const rows = Array.from({ length: 300 }, (_, i) => [i % 266, 74, 1_612_166_400 + i, i / 9, 1]);
    const predictor = await createPredictor(bundle);
    const scorer = await createColumnScorer(bundle);
    const columns = [
      BigInt64Array.from(rows, (row) => BigInt(row[0] ?? 0)),
      BigInt64Array.from(rows, (row) => BigInt(row[1] ?? 0)),
      BigInt64Array.from(rows, (row) => BigInt(row[2] ?? 0)),
      Float32Array.from(rows, (row) => row[3] ?? 0),
      Float32Array.from(rows, (row) => row[4] ?? 0),
    ];
    const together = await scorer.score(columns, rows.length);
    const alone = await predictor.predictAll(rows);
    together.forEach((output, o) => {
      expect(output).toEqual(Float32Array.from(alone, ({ values }) => values[o] ?? 0));
    });
    await Promise.all([predictor.close(), scorer.close()]);
  });
});
