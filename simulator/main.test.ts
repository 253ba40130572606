import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { type RecordingBackend, startRecordingBackend } from "./testing/backend.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "simulator-"));
let child: ChildProcess | undefined;
let backend: RecordingBackend | undefined;

afterEach(async () => {
  child?.kill("SIGKILL");
  await backend?.close(0);
  rmSync(folder, { recursive: true, force: true });
});

function start(env: Record<string, string>): { process: ChildProcess; output: () => string } {
  let text = "";
  const { PATH = "" } = process.env;
  child = fork(main, [], { env: { PATH, MESH_TRIPS: "demo", ...env }, silent: true });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return { process: child, output: () => text };
}

test("a process announces itself at the first answer, stops on SIGTERM, goes on and ends with 0", async () => {
  backend = await startRecordingBackend();
  const env = { MESH_EDGE: backend.address, MESH_STATE_DIR: folder, MESH_TRIP_LIMIT: "30" };

  const first = start({ ...env, MESH_SPEED: "600" });
  expect((await once(first.process, "message"))[0]).toEqual({ ready: true, listening: {} });
  expect(backend.answered.length).toBeGreaterThan(0);
  const signalledAt = performance.now();
  first.process.kill("SIGTERM");
  expect((await once(first.process, "exit"))[0]).toBe(0);
  expect(performance.now() - signalledAt).toBeLessThan(3000);
  const cursor = JSON.parse(readFileSync(join(folder, "simulator.json"), "utf8"));
  expect(cursor.open.length).toBeGreaterThan(0);

  const second = start({ ...env, MESH_SPEED: "max" });
  expect((await once(second.process, "exit"))[0]).toBe(0);
  expect(second.output()).toContain("all trips are replayed");
  const completed = backend.answered.filter(({ method }) => method === "complete");
  expect(new Set(completed.map(({ tripId }) => tripId)).size).toBe(30);
  expect(backend.answered).toHaveLength(30 * 6);
}, 30_000);

test("trips that are not there are one sentence and exit code 1", async () => {
  const { process: simulator, output } = start({
    MESH_EDGE: "127.0.0.1:9",
    MESH_TRIPS: "/nowhere",
  });
  expect((await once(simulator, "exit"))[0]).toBe(1);
  expect(output()).toContain("There are no trips at /nowhere.");
  expect(output()).not.toContain("    at ");
}, 30_000);
