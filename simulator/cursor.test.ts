import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLog } from "#kit/telemetry/log.ts";
import { type Cursor, openCursorFile } from "./cursor.ts";

const log = createLog("cursor-test", "silent");
const cursor: Cursor = {
  replay: "recorded, seed 1",
  taken: 12,
  through: { pickupMs: 1_612_184_400_000, row: 7 },
  open: [{ id: "green-2021-02-7", pickupMs: 1_612_184_400_000, stepsDone: 2, tripId: "t1" }],
};

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "cursor-")), "state");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

test("what was saved is loaded, and nothing else lies beside it", () => {
  const file = openCursorFile(folder, log);
  expect(file.load(cursor.replay)).toBeUndefined();
  file.save({ ...cursor, taken: 11 });
  file.save(cursor);
  expect(openCursorFile(folder, log).load(cursor.replay)).toEqual(cursor);
  expect(readdirSync(folder)).toEqual(["simulator.json"]);
});

test("another replay, or a broken file, starts anew", () => {
  const file = openCursorFile(folder, log);
  file.save(cursor);
  expect(file.load("synthetic, seed 1")).toBeUndefined();
  writeFileSync(file.path, "{");
  expect(file.load(cursor.replay)).toBeUndefined();
});
