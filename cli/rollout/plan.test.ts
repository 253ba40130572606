import { describe, expect, test } from "vitest";
import { toSeconds } from "#kit/rpc/amounts.ts";
import { Problem } from "../problem.ts";
import { parsePlan } from "./plan.ts";

test("a plan as in the documents", () => {
  const plan = parsePlan(
    `
strategy: canary
stages:
  - { weight: 0.5%, bake: 30m, deadline: 24h }
  - { name: half, weight: 50%, deadline: 90s }
  - { mirror: 100%, deadline: 1h }
requirements:
  margin: 0.02
  minTripsToPass: 1000
  maturity: 90m
`,
    "plan.yaml",
  );
  expect(plan.strategy).toBe("canary");
  expect(plan.stages.map(({ name, weight, mirror }) => [name, weight, mirror])).toEqual([
    ["0.5 %", 50, 0],
    ["half", 5_000, 0],
    ["shadow", 0, 10_000],
  ]);
  expect(plan.stages.map(({ bake, deadline }) => [toSeconds(bake), toSeconds(deadline)])).toEqual([
    [1_800, 86_400],
    [0, 90],
    [0, 3_600],
  ]);
  expect(plan.requirements).toMatchObject({ margin: 0.02, minTripsToPass: 1_000, alpha: 0 });
  expect(toSeconds(plan.requirements?.maturity)).toBe(5_400);
});

test("an empty file is a plan that says nothing", () => {
  expect(parsePlan("", "p")).toEqual({ strategy: undefined, stages: [], requirements: undefined });
});

describe("is refused, with the line", () => {
  const details = (text: string): readonly string[] => {
    try {
      parsePlan(text, "p");
    } catch (cause) {
      if (cause instanceof Problem) return [cause.message, ...(cause.details ?? [])];
      throw cause;
    }
    throw new Error("was not refused");
  };
  test.each<[string, string, RegExp]>([
    ["what is not YAML", "stages: [", /p is not YAML/],
    ["a number as a weight", "stages: [{ weight: 5, deadline: 1h }]", /stages\.0\.weight/],
    ["a share finer than basis points", "stages: [{ weight: 0.001%, deadline: 1h }]", /share like/],
    [
      "a time without a unit",
      "stages: [{ weight: 5%, deadline: '60' }]",
      /deadline: must be a time/,
    ],
    ["a stage without a deadline", "stages: [{ weight: 5% }]", /stages\.0\.deadline/],
    ["a word that is none", "requirements: { confidence: 0.9 }", /confidence/],
    ["an unknown strategy", "strategy: yolo", /strategy/],
  ])("%s", (_, text, message) => {
    expect(details(text).join("\n")).toMatch(message);
  });
});
