import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPidFiles, endLeftovers } from "./leftovers.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "run-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

test.runIf(process.platform === "linux")(
  "what a killed supervisor left is ended, and only that",
  async () => {
    const left = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"]);
    const gone = once(left, "exit");
    createPidFiles(dir).set("envoy", left.pid);
    writeFileSync(join(dir, "nats.pid"), JSON.stringify({ pid: process.pid, startTicks: "1" }));
    expect(await endLeftovers(dir)).toEqual(["envoy"]);
    expect(await gone).toEqual([null, "SIGTERM"]);
    expect(readdirSync(dir)).toEqual([]);
  },
);
