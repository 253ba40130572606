import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findFault } from "../bundles/add-bundle.ts";
import { root, runMesh } from "../testing/run-mesh.ts";

const file = join(root, "models/duration/v1/model.onnx");
let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "models-add-"));
  for (const service of ["duration", "tip"]) {
    cpSync(join(root, "models", service, "v1"), join(dir, service, "v1"), { recursive: true });
  }
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const add = (...args: string[]) => runMesh(dir, "models", "add", file, "--models", dir, ...args);

test("a file that keeps the contract becomes a version, once", async () => {
  const args = ["--service", "duration", "--version", "mine", "--description", "Mine."];
  const { code, out } = await add(...args, "--training-month", "2021-01", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out[0] ?? "")).toMatchObject({ version: "mine", description: "Mine." });
  expect(readdirSync(join(dir, "duration"))).toEqual(["mine", "v1"]);
  const again = await add(...args);
  expect(again.code).toBe(1);
  expect(again.err).toEqual(["duration mine exists already: a version is never changed."]);
});

test("a file of another service is refused and leaves nothing behind", async () => {
  const { code, err } = await add("--service", "tip", "--version", "mine");
  expect(code).toBe(1);
  expect(err[0]).toContain("the model has no input named estimated_minutes");
  expect(readdirSync(join(dir, "tip"))).toEqual(["v1"]);
});

test.each([
  ["not a number", [1, Number.NaN, 2], "lower_x is NaN"],
  ["out of range", [11, 1, 2], "x is 11, outside 0 to 10"],
  ["lower above", [3, 4, 5], "lower_x is 4, above x, 3"],
  ["upper below", [3, 2, 1], "upper_x is 1, below x, 3"],
  ["in order", [3, 2, 4], undefined],
])("an answer %s", (_, values, fault) => {
  const outputs = ["x", "lower_x", "upper_x"].map((name) => {
    return { name, dtype: "float32" as const, unit: "", minimum: 0, maximum: 10 };
  });
  expect(findFault(outputs, values)).toBe(fault);
});
