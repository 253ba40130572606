import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockDataDir, lockOwner } from "./lock.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lock-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a living owner keeps the directory, and is named", () => {
  const lock = lockDataDir(dir);
  expect(() => lockDataDir(dir)).toThrow(
    `A mesh already runs on ${dir} (process ${process.pid}): stop it first`,
  );
  expect(lockOwner(dir)?.pid).toBe(process.pid);
  lock.release();
  expect(readdirSync(dir)).toEqual([]);
});

test("a dead owner's lock is taken over", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  writeFileSync(join(dir, "lock"), JSON.stringify({ pid: child.pid, startTicks: "1" }));
  expect(lockOwner(dir)).toBeUndefined();
  const lock = lockDataDir(dir);
  expect(lock.takenOver).toBe(true);
  expect(lockOwner(dir)?.pid).toBe(process.pid);
  lock.release();
});

test.runIf(process.platform === "linux")("a reused process number is not its owner", () => {
  writeFileSync(join(dir, "lock"), JSON.stringify({ pid: process.pid, startTicks: "1" }));
  expect(lockDataDir(dir).takenOver).toBe(true);
});

test("a half-written lock is taken over", () => {
  writeFileSync(join(dir, "lock"), '{"pid":');
  expect(lockDataDir(dir).takenOver).toBe(true);
});

test("a lock is released only by its owner", () => {
  const lock = lockDataDir(dir);
  writeFileSync(join(dir, "lock"), JSON.stringify({ pid: 1, startTicks: "" }));
  lock.release();
  expect(existsSync(join(dir, "lock"))).toBe(true);
});
