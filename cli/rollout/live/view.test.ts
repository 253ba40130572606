import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Rollout, RolloutState, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { createStyle, widthOf } from "../../output/style.ts";
import { inFirstStage, judged } from "./testing/judged.ts";
import { type ViewOptions, viewLines, type Watched } from "./view.ts";

const plain = createStyle({ isTTY: true }, { NO_COLOR: "1" });
const coloured = createStyle({ isTTY: true }, {});
const view = (watched: Watched, change: Partial<ViewOptions> = {}) =>
  viewLines(watched, { columns: 100, rows: 200, style: plain, ...change });
const watched = judged();
const withState = (state: RolloutState, change: Partial<Rollout> = {}): Watched => ({
  ...watched,
  rollout: { ...watched.rollout, state, ...change },
});

describe("in the middle of a canary", () => {
  const lines = view(watched);
  const text = lines.join("\n");

  test("who, how, and where it is", () => {
    expect(lines[0]).toMatch(/^duration {2}v1 → v2 {2}canary +RUNNING$/);
    expect(lines[1]).toMatch(/^duration-v2-65f5e4bb +newest look 14:01:08Z$/);
    expect(text).toContain("stages    [1 %]  ›  25 %  ›  100 %\n");
    expect(text).toMatch(/blue {3}v1 {2}live {7}█+\S* {1,2}99\.00 %\n/);
    expect(text).toMatch(/green {2}v2 {2}candidate {2}\S +1\.00 %\n/);
  });

  test("what the verdict rests on, by the names that the judge gives its numbers", () => {
    expect(text).toContain("300 finished trips paired");
    expect(text).toContain("Shown to riders: 0 by v2, 300 by v1.");
    expect(text).toContain("Riders in this stage: 0 and 300.");
    expect(text).toMatch(/195 of 1,000 needed pairs matured \(65 % of all 300/);
    expect(text).toMatch(/4\s+of\s+24\s+hours of the day\./);
  });

  test("the interval against 0 and the margin, at more and more trips", () => {
    const rows = lines.filter((line) => /^ +[\d,]+ trips /.test(line));
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.at(-1)).toMatch(/^ +300 trips +├/);
    expect(text).toContain("99.0 % sure at every look");
    expect(text).toContain("┆ margin +2 %");
  });

  test("every gate with its sentence, and when a decision is likely", () => {
    for (const { gate, because } of watched.rollout.gates) {
      expect(text).toMatch(new RegExp(` ${gate} `));
      expect(text.replace(/\s+/g, " ")).toContain(because);
    }
    expect(text).toMatch(/forecast +FAIL in about \d+ \S+ at the present rate/);
    expect(text).toContain("advance by test: because");
  });
});

describe("at other times", () => {
  test.each<[string, Watched, RegExp[]]>([
    [
      "before the first stage",
      { rollout: { ...inFirstStage(), currentStage: 0 }, history: [], traffic: undefined },
      [/stages {4}1 % {2}›/, /The candidate is being deployed/],
    ],
    ["held", withState(RolloutState.HELD), [/HELD: a person decides/]],
    [
      "aborted",
      withState(RolloutState.ABORTED, { forecast: undefined }),
      [/ABORTED/, /✗ 1 % {2}›/, /It has ended/],
    ],
    [
      "promoted",
      withState(RolloutState.PROMOTED, { currentStage: 3 }),
      [/PROMOTED/, /✓ 1 % {2}› {2}✓ 25 % {2}› {2}✓ 100 %/, /v1 {2}before/, /v2 {2}live/, /warm/],
    ],
    ["cut off", { ...watched, trouble: "Nobody answers." }, [/^! Nobody answers\.$/m]],
    ["without numbers yet", { ...watched, history: [] }, [/300 finished trips/]],
  ])("%s", (_, shown, patterns) => {
    const text = view(shown).join("\n");
    for (const pattern of patterns) expect(text).toMatch(pattern);
  });
});

test("a terminal of any size: no line is wider, no more lines, and what matters most is there", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 40, max: 240 }),
      fc.integer({ min: 1, max: 120 }),
      fc.boolean(),
      (columns, rows, hasColours) => {
        const style = hasColours ? coloured : plain;
        const lines = view(watched, { columns, rows, style });
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
        if (rows > 1) expect(lines[0]).toContain("duration");
      },
    ),
  );
});

test("on 80 columns and 24 rows there is the forecast, the interval and what is not satisfied", () => {
  const lines = view(watched, { columns: 80, rows: 24 });
  const text = lines.join("\n");
  expect(text).toContain("forecast  FAIL in about");
  expect(text).toMatch(/300 trips/);
  expect(text).toMatch(/· CONTINUE {2}realised error +Over 300/);
  expect(text).toMatch(/✓ PASS {6}\d+ others/);
  expect(text).not.toContain("more lines");
});

test("what does not fit is counted", () => {
  const lines = view(watched, { columns: 80, rows: 10 });
  const all = view(watched, { columns: 80, rows: 24 });
  expect(lines.length).toBe(10);
  expect(lines.at(-1)).toBe(`… ${all.length - 9} more lines: the terminal is too low`);
});

test("a verdict is a sign and a word, never a colour alone", () => {
  const one = (verdict: Verdict): string => {
    const [gate] = watched.rollout.gates;
    const gates = [{ ...gate, verdict, gate: "g", because: "b", numbers: {} }];
    return (
      view(withState(RolloutState.RUNNING, { gates })).find((line) => / g +b/.test(line)) ?? ""
    );
  };
  expect(one(Verdict.PASS)).toContain("✓ PASS");
  expect(one(Verdict.FAIL)).toContain("✗ FAIL");
  expect(one(Verdict.HOLD)).toContain("! HOLD");
  expect(one(Verdict.CONTINUE)).toContain("· CONTINUE");
});
