import { describe, expect, test } from "vitest";
import { newYorkSeconds } from "./new-york.ts";

const wall = (utc: string) => new Date(Number(newYorkSeconds(new Date(utc))) * 1000).toISOString();

describe("New York's clock", () => {
  test("is five hours behind in winter and four in summer", () => {
    expect(wall("2021-02-01T13:15:30Z")).toBe("2021-02-01T08:15:30.000Z");
    expect(wall("2021-07-01T13:15:30Z")).toBe("2021-07-01T09:15:30.000Z");
  });

  test("jumps in March and repeats an hour in November", () => {
    expect(wall("2021-03-14T06:59:59Z")).toBe("2021-03-14T01:59:59.000Z");
    expect(wall("2021-03-14T07:00:00Z")).toBe("2021-03-14T03:00:00.000Z");
    expect(wall("2021-11-07T05:30:00Z")).toBe("2021-11-07T01:30:00.000Z");
    expect(wall("2021-11-07T06:30:00Z")).toBe("2021-11-07T01:30:00.000Z");
  });
});
