import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MeshError } from "#kit/rpc/errors.ts";
import { describeError } from "./output/describe-error.ts";
import { runMesh } from "./testing/run-mesh.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cli-"));
  vi.spyOn(process.stdout, "write").mockReturnValue(true); // commander's own help and errors
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

const run = (...args: string[]) => runMesh(dir, ...args);

test.each([
  ["help", ["--help"], 0],
  ["a command that does not exist", ["fly"], 2],
  ["a missing option", ["quote", "--from", "74"], 2],
  ["a value that cannot be", ["up", "--speed", "fast"], 2],
  ["a time without a unit", ["up", "--for", "5"], 2],
  ["an address without a port", ["quote", "--from", "1", "--to", "2", "--edge", "here"], 2],
])("%s", async (_, args, code) => {
  expect((await run(...args)).code).toBe(code);
});

test("a mesh that is not there is one sentence", async () => {
  const { code, err } = await run("quote", "--from", "74", "--to", "236", "--edge", "127.0.0.1:1");
  expect(code).toBe(1);
  expect(err).toEqual([
    "No mesh answers at 127.0.0.1:1: start one with mesh up, or name it with --edge.",
  ]);
});

test("client commands find the running mesh by its data directory", async () => {
  const mesh = { edge: "127.0.0.1:2", mesh: "", admin: "", nats: "", console: "", backend: "" };
  writeFileSync(join(dir, "mesh.json"), JSON.stringify({ ...mesh, pids: {} }));
  const { err } = await run("trip", "show", "t1", "--data-dir", dir);
  expect(err[0]).toContain("No mesh answers at 127.0.0.1:2");
});

test("the bundles are listed, as a table and as JSON", async () => {
  const { code, out } = await run("models", "list");
  expect(code).toBe(0);
  expect(out[0]).toMatch(/^service +version +digest/);
  const cards = (await run("models", "list", "--json")).out.map((line) => JSON.parse(line));
  expect(cards.map((card) => card.service)).toEqual(
    expect.arrayContaining(["duration", "dynamic-duration", "tip", "cost"]),
  );
});

test("a version that is not there says which are", async () => {
  const { code, err } = await run("models", "show", "tip", "v99");
  expect(code).toBe(1);
  expect(err[0]).toMatch(/^There is no model tip@v99: there are .*tip@v1/);
});

test("field violations are listed below the sentence", () => {
  const violations = [{ field: "ride.dropoff_zone", description: "must be a TLC zone, 1 to 265" }];
  expect(describeError(new MeshError("INVALID_ARGUMENT", "bad", { violations }))).toEqual([
    "INVALID_ARGUMENT: the request cannot be used.",
    "  ride.dropoff_zone: must be a TLC zone, 1 to 265",
  ]);
});

test("a certificate that could not be written is refused before the work", async () => {
  const { code, err } = await run(
    "models",
    "verify",
    "--parity",
    "tip@v1",
    "--out",
    "nowhere/p.json",
  );
  expect(code).toBe(1);
  expect(err).toEqual([
    `${join(dir, "nowhere")} cannot be written to: name another file with --out.`,
  ]);
});

test("a model that no process serves has no certificate and no truth in the trips", async () => {
  const parity = await run("models", "verify", "--parity", "churn@v1");
  expect([parity.code, parity.err[0]]).toEqual([
    1,
    expect.stringContaining("served by no process"),
  ]);
  const evaluated = await run("models", "evaluate", "churn@v1", "--trips", "nowhere.parquet");
  expect(evaluated.code).toBe(1);
  expect(evaluated.err[0]).toContain("trip records hold no truth for churn");
});
