import { expect, test } from "vitest";
import { createStyle } from "../output/style.ts";
import { createProgressBar, progressText } from "./progress-bar.ts";

const style = createStyle({ isTTY: false }, {});
const progress = { runId: "r", done: 45_000, total: 90_000, quarantined: 3, resumed: 15_000 };

test("a bar says the rate of this attempt, and what is left at it", () => {
  expect(progressText(progress, 10_000, style)).toBe(
    "━━━━━━━━━━━━────────────   50 %  45,000 of 90,000 rows  3,000 rows/s  15 s left  3 quarantined",
  );
});

test("a bar is drawn in place on a terminal, at most ten times a second", () => {
  const written: string[] = [];
  let now = 0;
  const stdout = { isTTY: true, write: (text: string) => written.push(text) > 0 };
  const bar = createProgressBar({ stdout, style, print: () => {}, nowMs: () => now });
  for (; now <= 1_000; now += 10) bar.show("job", progress);
  expect(written).toHaveLength(11);
  bar.clear();
  bar.clear();
  expect(written.at(-1)).toBe("\r\u001b[K");
  expect(written).toHaveLength(12);
});

test("elsewhere it is a line every five seconds", () => {
  const lines: string[] = [];
  let now = 0;
  const stdout = { isTTY: false, write: () => true };
  const bar = createProgressBar({ stdout, style, print: (l) => lines.push(l), nowMs: () => now });
  for (; now <= 12_000; now += 100) bar.show("job", progress);
  expect(lines).toHaveLength(2);
});
