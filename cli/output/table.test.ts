import { expect, test } from "vitest";
import { createStyle } from "./style.ts";
import { renderPairs, renderTable } from "./table.ts";

test("columns line up, numbers on the right, nothing trails", () => {
  const lines = renderTable(
    [{ heading: "service" }, { heading: "trips", align: "right" }, { heading: "" }],
    [
      ["tip", "7", ""],
      ["dynamic-duration", "1200", "x"],
    ],
  );
  expect(lines).toEqual([
    "service           trips",
    "tip                   7",
    "dynamic-duration   1200  x",
  ]);
});

test("colours take no room", () => {
  const style = createStyle({ isTTY: true }, {});
  const lines = renderTable([{ heading: "a" }, { heading: "b" }], [[style.good("ok"), "1"]]);
  expect(lines[0]).toBe("a   b");
});

test("no colours without a terminal, or where NO_COLOR is set", () => {
  expect(createStyle({}, {}).bad("x")).toBe("x");
  expect(createStyle({ isTTY: true }, { NO_COLOR: "1" }).bad("x")).toBe("x");
});

test("pairs without a value are left out", () => {
  expect(
    renderPairs([
      ["one", "1"],
      ["three", undefined],
      ["eleven", "11"],
    ]),
  ).toEqual(["one     1", "eleven  11"]);
});
