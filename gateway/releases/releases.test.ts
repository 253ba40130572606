import { expect, test } from "vitest";
import { Decision, RolloutState, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { until } from "../../test/harness/until.ts";
import { aRollout, errorGate, send, startConsole } from "./console-under-test.ts";
import type { ReleasesView, RolloutDetail } from "./view.ts";

test("an open rollout is told with its newest point, and its curve to those who come later", async () => {
  const { releases, rollouts } = await startConsole();
  const told: ReleasesView[] = [];
  const gates = (n: number) => [errorGate(n)];
  rollouts.push(aRollout({ gates: gates(1) }));
  releases.watch((view) => told.push(view));
  await until("the first look", () => told.at(-1)?.open[0]?.point?.n === 1);
  expect(told.at(-1)?.open[0]).toMatchObject({
    id: "tip-v2-1",
    state: "running",
    strategy: "canary",
  });
  expect(told.at(-1)?.open[0]?.point).toMatchObject({ lower: null, upper: null }); // infinite
  rollouts[0] = aRollout({ gates: gates(40) });
  await until("the second look", () => told.at(-1)?.open[0]?.point?.n === 40);
  expect(releases.curves()["tip-v2-1"]?.map(({ n }) => n)).toEqual([1, 40]);
  const count = told.length;
  releases.refresh();
  await until("it has asked again", () => releases.latest());
  expect(told.length).toBe(count); // nothing has changed
});

test("an ended rollout becomes history, and is still told with its curve when asked for", async () => {
  const { address, releases, rollouts } = await startConsole();
  rollouts.push(aRollout({ gates: [errorGate(30, 0.5)] }));
  releases.watch(() => undefined);
  await until("it is open", () => releases.latest()?.open.length === 1);
  const end = { who: "judge", what: "abort", why: "worse", state: RolloutState.ABORTED, stage: 1 };
  const decisions = [Decision.fromPartial({ ...end, time: new Date("2026-01-01T00:05:00Z") })];
  const ended = aRollout({ state: RolloutState.ABORTED, verdict: Verdict.FAIL, decisions });
  rollouts[0] = { ...ended, cleanedUp: true };
  const view = await until("it is history", () => {
    const now = releases.latest();
    return now?.open.length === 0 && now.history.length === 1 ? now : undefined;
  });
  expect(view.history).toMatchObject([
    {
      id: "tip-v2-1",
      state: "aborted",
      who: "judge",
      why: "worse",
      endedAt: Date.parse("2026-01-01T00:05:00Z"),
    },
  ]);
  const { status, body } = await send(address, "/api/rollouts/tip-v2-1", { method: "GET" });
  const { rollout, curve } = body as unknown as RolloutDetail;
  expect(status).toBe(200);
  expect(rollout).toMatchObject({ state: "aborted", verdict: "FAIL" });
  expect(curve).toMatchObject([{ n: 30, estimate: 0.5, margin: 0.02 }]);
  expect((await send(address, "/api/rollouts/none", { method: "GET" })).status).toBe(404);
});

test("a curve that nobody saw begins with what the decisions rest on", async () => {
  const { releases, rollouts } = await startConsole();
  const decision = (n: number, second: number): Decision => ({
    ...Decision.create(),
    time: new Date(second * 1000),
    evidence: [errorGate(n)],
  });
  rollouts.push(aRollout({ decisions: [decision(0, 1), decision(20, 2)], gates: [errorGate(25)] }));
  releases.watch(() => undefined);
  await until("it was asked", () => releases.curves()["tip-v2-1"]);
  expect(releases.curves()["tip-v2-1"]?.map(({ n }) => n)).toEqual([20, 25]);
});

test("without the rollout service the page is told so, with what was known; and when it is back", async () => {
  const console = await startConsole();
  const { releases, rollouts } = console;
  rollouts.push(aRollout());
  releases.watch(() => undefined);
  await until("it answers", () => releases.latest()?.open.length === 1);
  expect(releases.latest()?.problem).toBe(null);
  await console.stopServing();
  const away = await until("it is away", () =>
    releases.latest()?.problem ? releases.latest() : undefined,
  );
  expect(away).toMatchObject({
    known: true,
    open: [{ id: "tip-v2-1" }],
    services: [{ service: "tip" }],
  });
  await console.serveAgain();
  await until("it is back", () => releases.latest()?.problem === null);
});

test("the whole list is asked for when something has begun or ended, not every second", async () => {
  const console = await startConsole();
  console.rollouts.push(aRollout());
  let rounds = 0;
  console.releases.watch(() => rounds++);
  await until("it is known", () => console.releases.latest()?.open.length === 1);
  const before = console.lists();
  await until("three more rounds", () => console.lists() >= before + 12); // one a service and round
  console.releases.stop();
  expect((console.lists() - before) % 4).toBe(0);
  expect(rounds).toBeLessThanOrEqual(2);
});
