import { expect, test } from "vitest";
import { createStyle } from "../output/style.ts";
import { renderBanner } from "./banner.ts";
import { firstDayAfter } from "./training-months.ts";

const mesh = {
  edge: "127.0.0.1:8080",
  mesh: "127.0.0.1:9000",
  admin: "127.0.0.1:9901",
  nats: "nats://127.0.0.1:4222",
  console: "127.0.0.1:7600",
  backend: "127.0.0.1:7000",
  pids: {},
};

test("the commands can be pasted, each on a line of its own", () => {
  const lines = renderBanner({ mesh, trips: undefined, logDir: "/l" }, createStyle({}, {}));
  expect(lines.map((line) => line.trim())).toEqual(
    expect.arrayContaining([
      `curl -sX POST http://127.0.0.1:8080/v1/quotes -H 'content-type: application/json' -H 'x-rider-id: me' -d '{"pickupZone":74,"dropoffZone":236}'`,
      `grpcurl -plaintext -H 'x-rider-id: me' -d '{"ride":{"pickupZone":74,"dropoffZone":236}}' 127.0.0.1:8080 tripmesh.backend.v1.BackendService/Quote`,
    ]),
  );
});

test("synthetic trips are said loudly", () => {
  const trips = { kind: "synthetic", description: "demo trips were asked for" } as const;
  const lines = renderBanner({ mesh, trips, logDir: "/l" }, createStyle({}, {}));
  expect(lines.join("\n")).toContain("SYNTHETIC, NOT REAL RIDES: demo trips were asked for");
});

test("the replay begins after the last month that a live model was trained on", () => {
  expect(firstDayAfter(["2021-01", "2020-12"])).toBe("2021-02-01");
  expect(firstDayAfter(["2021-12"])).toBe("2022-01-01");
  expect(firstDayAfter([])).toBeUndefined();
});
