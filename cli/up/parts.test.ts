import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createParts, type Parts, type Stage, StartFailure, stopOrder } from "./parts.ts";
import { identify } from "./process-identity.ts";

const script = fileURLToPath(new URL("testing/announcing.ts", import.meta.url));
let dir = "";
let ended: string[] = [];
let parts: Parts;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parts-"));
  ended = [];
  parts = createParts({
    logDir: dir,
    print: () => undefined,
    onPid: (name, pid) => {
      if (pid === undefined) ended.push(name);
    },
  });
});

afterEach(async () => {
  await parts.stopAll();
  rmSync(dir, { recursive: true, force: true });
});

function start(name: string, stage: Stage, ...args: string[]) {
  return parts.start({
    name,
    stage,
    launch: () => ({
      name,
      command: process.execPath,
      args: args[0] === "-e" ? args : [script, ...args],
      env: {},
      cwd: "/",
      ready: "announce",
    }),
  });
}

test("what makes requests stops first, what carries them last", async () => {
  await Promise.all([
    start("nats", "nats", "stay"),
    start("tip-blue", "models", "stay"),
    start("simulator", "simulator", "stay"),
    start("backend", "backend", "stay"),
  ]);
  const pids = Object.values(parts.pids());
  expect(pids).toHaveLength(4);
  await parts.stopAll();
  expect(ended).toEqual(["simulator", "backend", "tip-blue", "nats"]);
  expect(pids.map(identify)).toEqual([undefined, undefined, undefined, undefined]);
});

test("all shares together stay within the ten seconds", () => {
  expect(stopOrder.reduce((sum, { shareMs }) => sum + shareMs, 0)).toBeLessThan(10_000);
});

test("a stubborn one gets its share and what was left over, not more", async () => {
  await start("gateway", "gateway", "stubborn");
  const pid = parts.pids()["gateway"] ?? 0;
  const began = performance.now();
  await parts.stopAll();
  expect(performance.now() - began).toBeLessThan(3_500); // 1 s of the simulator's, 0.5 of rollout's, 1.5 of its own
  expect(identify(pid)).toBeUndefined();
});

test("killing everything waits for nobody", async () => {
  await start("gateway", "gateway", "stubborn");
  const stopped = parts.stopAll();
  const began = performance.now();
  parts.killAll();
  await stopped;
  expect(performance.now() - began).toBeLessThan(1_500);
});

test("a failed start names the culprit and its last words", async () => {
  const failure = await start(
    "tip-blue",
    "models",
    "-e",
    "console.error('no model'); process.exit(1)",
  )
    .then(() => undefined)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StartFailure);
  expect(failure).toMatchObject({
    message: "tip-blue ended before it was ready (exit 1)",
    tail: ["no model"],
  });
  expect(readFileSync(join(dir, "tip-blue.log"), "utf8")).toBe("no model\n");
});

test("nothing is started once it is stopping", async () => {
  await parts.stopAll();
  await expect(start("late", "nats", "stay")).rejects.toThrow("the mesh is stopping");
});
