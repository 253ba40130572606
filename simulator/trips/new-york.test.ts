import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNewYorkClock } from "./new-york.ts";

const clock = createNewYorkClock();
const toUtc = (wall: string) => new Date(clock.toUtcMs(Date.parse(`${wall}Z`))).toISOString();

describe("New York time", () => {
  test("is five hours behind UTC in winter and four in summer", () => {
    expect(toUtc("2021-02-01T08:00:00")).toBe("2021-02-01T13:00:00.000Z");
    expect(toUtc("2021-07-01T08:00:00")).toBe("2021-07-01T12:00:00.000Z");
  });

  test("jumps over an hour in spring", () => {
    expect(toUtc("2021-03-14T01:59:59")).toBe("2021-03-14T06:59:59.000Z");
    expect(toUtc("2021-03-14T03:00:00")).toBe("2021-03-14T07:00:00.000Z");
    expect(toUtc("2021-03-14T02:30:00")).toBe("2021-03-14T07:30:00.000Z"); // never shown by a clock
  });

  test("takes the first of the two hours that autumn has", () => {
    expect(toUtc("2021-11-07T00:59:59")).toBe("2021-11-07T04:59:59.000Z");
    expect(toUtc("2021-11-07T01:30:00")).toBe("2021-11-07T05:30:00.000Z");
    expect(toUtc("2021-11-07T02:00:00")).toBe("2021-11-07T07:00:00.000Z");
  });

  test("comes back from wall time and UTC except in the repeated hour", () => {
    const instants = fc.integer({ min: Date.UTC(2019, 0), max: Date.UTC(2027, 0) });
    fc.assert(
      fc.property(instants, (utcMs) => {
        const back = clock.toUtcMs(clock.toWallMs(utcMs));
        expect([0, 3_600_000]).toContain(utcMs - back);
      }),
    );
  });
});
