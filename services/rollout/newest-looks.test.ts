import { expect, test } from "vitest";
import { RolloutState, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Judge, Look } from "./judge.ts";
import { rememberLooks } from "./newest-looks.ts";
import { later, rolloutOf } from "./testing/rollouts.ts";

function setUp() {
  const state = { rollout: rolloutOf({ currentStage: 1 }), look: lookOf(1) };
  let onEntry: (rolloutId: string) => void = () => undefined;
  const judge: Judge = { look: () => state.look };
  const remembered = rememberLooks(judge, {
    rollout: (id) => (id === state.rollout.rolloutId ? state.rollout : undefined),
    onEntry(listener) {
      onEntry = (id) => listener(id, {} as never);
      return () => undefined;
    },
  });
  const told: string[] = [];
  const stop = remembered.looks.onLook((id) => told.push(id));
  return { ...remembered, state, told, stop, entry: () => onEntry(state.rollout.rolloutId) };
}

function lookOf(n: number, change: Partial<Look> = {}): Look {
  const gate = { gate: "realised error", verdict: Verdict.CONTINUE, because: `${n}` };
  const gates = [{ ...gate, numbers: { n } }];
  return { verdict: Verdict.CONTINUE, because: "", gates, ...change };
}

test("an open rollout is shown with its newest look, whatever the log has", () => {
  const { judge, looks, state } = setUp();
  expect(looks.shown(state.rollout)).toBe(state.rollout);
  judge.look(state.rollout, later(1));
  const foreseen = { verdict: Verdict.PASS, wait: undefined, gate: "", because: "soon" };
  state.look = lookOf(2, { forecast: foreseen });
  judge.look(state.rollout, later(2));
  expect(looks.shown(state.rollout)).toEqual({
    ...state.rollout,
    verdict: Verdict.CONTINUE,
    gates: state.look.gates,
    lookTime: later(2),
    forecast: foreseen,
  });
});

test("who listens is told of a changed number or forecast, and of nothing else", () => {
  const { judge, state, told, stop } = setUp();
  const look = (next: Look) => {
    state.look = next;
    judge.look(state.rollout, later(1));
    return told.length;
  };
  const inSome = (seconds: bigint, because: string) => ({
    forecast: { verdict: Verdict.PASS, wait: { seconds, nanos: 0 }, gate: "", because },
  });
  expect(look(lookOf(1))).toBe(1);
  expect(look(lookOf(1))).toBe(1);
  expect(look(lookOf(2))).toBe(2);
  expect(look(lookOf(2, inSome(60n, "about 1 min")))).toBe(3);
  expect(look(lookOf(2, inSome(59n, "about 1 min")))).toBe(3);
  expect(look(lookOf(2, { verdict: Verdict.HOLD }))).toBe(4);
  stop();
  expect(look(lookOf(9))).toBe(4);
});

test("nothing is kept of a rollout that has ended, nor of a look that was under way", () => {
  const { judge, looks, state, entry, told } = setUp();
  const before = state.rollout;
  judge.look(before, later(1));
  state.rollout = { ...before, state: RolloutState.ABORTED };
  entry();
  expect(looks.shown(before)).toBe(before);
  judge.look(before, later(2)); // its turn began before the end
  expect(looks.shown(before)).toBe(before);
  expect(told.length).toBe(1);
});
