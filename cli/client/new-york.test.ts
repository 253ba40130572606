import { expect, test } from "vitest";
import { fromNewYork, toNewYork } from "./new-york.ts";

test.each([
  ["2021-02-01T08:15", "2021-02-01T13:15:00.000Z"],
  ["2021-07-01T08:15:30", "2021-07-01T12:15:30.000Z"],
  ["2021-03-14T01:59", "2021-03-14T06:59:00.000Z"], // a minute before summer time
  ["2021-03-14T03:00", "2021-03-14T07:00:00.000Z"],
])("%s in New York is %s", (wall, utc) => {
  const time = fromNewYork(wall);
  expect(time?.toISOString()).toBe(utc);
  expect(time && toNewYork(time)).toBe(wall.slice(0, 16).replace("T", " "));
});

test.each(["", "2021-02-01", "08:15", "2021-13-01T08:15", "2021-02-01T08:15Z"])(
  "%j is no wall clock time",
  (text) => {
    expect(fromNewYork(text)).toBeUndefined();
  },
);
