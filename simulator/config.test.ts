import { expect, test } from "vitest";
import { configSchema } from "./config.ts";

const least = { MESH_EDGE: "127.0.0.1:8080", MESH_TRIPS: "demo" };

test("the least that must be said, and what follows from it", () => {
  expect(configSchema.parse(least)).toEqual({
    edge: "127.0.0.1:8080",
    telemetry: { endpoint: undefined, rate: 1, environment: "local" },
    trips: "demo",
    speed: 60,
    from: undefined,
    tripLimit: 0,
    maxInFlight: 64,
    stateDir: undefined,
    seed: 1,
    distance: "metered",
  });
});

test("speed may be a number, 0 or max", () => {
  const speed = (value: string) => configSchema.parse({ ...least, MESH_SPEED: value }).speed;
  expect([speed("max"), speed("0"), speed("0.5"), speed("600")]).toEqual([0, 0, 0.5, 600]);
});

test("every problem is named", () => {
  const env = { MESH_EDGE: "nowhere", MESH_FROM: "2021-02-30", MESH_SPEED: "fast", MESH_TRIPS: "" };
  const { error } = configSchema.safeParse(env);
  const names = error?.issues.map((issue) => issue.path.join("."));
  expect(names?.sort()).toEqual(["MESH_EDGE", "MESH_FROM", "MESH_SPEED", "MESH_TRIPS"]);
});
