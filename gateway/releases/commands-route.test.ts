import { expect, test } from "vitest";
import { Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { type Code, MeshError } from "#kit/rpc/errors.ts";
import { aRollout, send, startConsole } from "./console-under-test.ts";

const by = { who: "ann", why: "it is bad" };
const post = (address: string, path: string, value: unknown) =>
  send(address, path, { body: JSON.stringify(value) });

test.each(["pause", "resume", "promote", "abort"])("%s names who and why", async (verb) => {
  const { address, asked, rollouts } = await startConsole();
  rollouts.push(aRollout());
  const answer = await post(address, `/api/rollouts/tip-v2-1/${verb}`, by);
  expect(answer).toMatchObject({ status: 200, body: { rollout: { id: "tip-v2-1" } } });
  expect(asked).toMatchObject([{ method: verb, request: { rolloutId: "tip-v2-1", ...by } }]);
});

test("a start names service, version and strategy", async () => {
  const { address, asked } = await startConsole();
  const wanted = { ...by, requestId: "r1", service: "tip", version: "v2" };
  const answer = await post(address, "/api/rollouts", { ...wanted, strategy: "blue-green" });
  expect(answer).toMatchObject({ status: 200, body: { rollout: { id: "tip-v2-1" } } });
  expect(asked).toMatchObject([
    { method: "start", request: { ...wanted, strategy: Strategy.BLUE_GREEN, stages: [] } },
  ]);
});

test("a shift changes the weights of the traffic that was seen, and nothing else", async () => {
  const { address, asked } = await startConsole();
  const shift = { ...by, revision: 7, blue: 7_500, green: 2_500 };
  expect(await post(address, "/api/traffic/tip", shift)).toMatchObject({ status: 200 });
  const traffic = {
    service: "tip",
    revision: 7n,
    salt: "tip-1",
    blue: { version: "v1", weight: 7_500, intervalScale: 1 },
    green: { version: "", weight: 2_500 },
  };
  expect(asked).toMatchObject([{ method: "traffic", request: { ...by, traffic } }]);
  expect((await post(address, "/api/traffic/weather", shift)).status).toBe(404);
});

test.each([
  ["ABORTED", 409],
  ["FAILED_PRECONDITION", 400],
  ["NOT_FOUND", 404],
  ["INVALID_ARGUMENT", 400],
  ["UNAVAILABLE", 503],
] satisfies [Code, number][])("%s of the service is %i, in its own words", async (code, status) => {
  const console = await startConsole();
  console.refuse(new MeshError(code, "tip-v2-1 says no"));
  const answer = await post(console.address, "/api/rollouts/tip-v2-1/abort", by);
  expect(answer).toMatchObject({ status, body: { message: "tip-v2-1 says no" } });
});

test.each([
  ["without a reason", { who: "ann" }, /why/],
  ["with a blank reason", { who: "ann", why: "  " }, /why: is required/],
  ["by nobody", { who: "", why: "x" }, /who: is required/],
  ["as a list", [by], /expected object/],
])("a decision %s is refused", async (_, value, message) => {
  const { address, asked } = await startConsole();
  const answer = await post(address, "/api/rollouts/tip-v2-1/abort", value);
  expect(answer).toMatchObject({ status: 400, body: { message: expect.stringMatching(message) } });
  expect(asked).toEqual([]);
});

test("what is no JSON or too much of it is refused", async () => {
  const { address, asked } = await startConsole();
  const path = "/api/rollouts/tip-v2-1/abort";
  expect(await send(address, path, { body: "{" })).toMatchObject({ status: 400 });
  const body = JSON.stringify({ ...by, why: "x".repeat(20_000) });
  expect(await send(address, path, { body })).toMatchObject({ status: 429 });
  expect(asked).toEqual([]);
});

test.each(["/api/rollouts/tip-v2-1/explode", "/api/traffic", "/api/stream", "/"])(
  "there is no command at %s",
  async (path) => {
    expect((await post((await startConsole()).address, path, by)).status).toBe(404);
  },
);
