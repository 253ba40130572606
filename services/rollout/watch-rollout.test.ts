import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Rollout, RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { rolloutOf } from "./testing/rollouts.ts";
import { watchRollout } from "./watch-rollout.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function watch(everyLook: boolean) {
  const state = { rollout: rolloutOf() };
  type Listener = (id: string, entry: never) => void;
  const entries = new Set<Listener>();
  const looks = new Set<Listener>();
  const abort = new AbortController();
  const listen = (set: Set<Listener>) => (listener: Listener) => {
    set.add(listener);
    return () => set.delete(listener);
  };
  const messages = watchRollout(
    { rolloutId: state.rollout.rolloutId, everyLook },
    {
      signal: abort.signal,
      get cancelled() {
        return abort.signal.aborted;
      },
    },
    {
      shown: () => state.rollout,
      releases: { onEntry: listen(entries) },
      looks: { onLook: listen(looks) },
      lookEveryMs: 1_000,
    },
  );
  const seen: (Rollout | undefined)[] = [];
  const reading = (async () => {
    for await (const { rollout } of messages) seen.push(rollout);
  })();
  const tell = (set: typeof entries, id = state.rollout.rolloutId) => {
    for (const listener of set) listener(id, {} as never);
  };
  return {
    state,
    seen,
    reading,
    abort,
    entry: (id?: string) => tell(entries, id),
    look: (id?: string) => tell(looks, id),
    listeners: () => entries.size + looks.size,
    wait: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

test("by default a look that is not in the log is no message", async () => {
  const { seen, look, entry, wait, abort, reading, listeners } = watch(false);
  await wait(0);
  look();
  await wait(5_000);
  expect(seen.length).toBe(1);
  entry();
  entry("another");
  await wait(0);
  expect(seen.length).toBe(2);
  abort.abort();
  await reading;
  expect(listeners()).toBe(0);
});

test("with every look there is one message a second at most, with the newest numbers", async () => {
  const { state, seen, look, wait, abort, reading } = watch(true);
  await wait(0);
  for (let i = 1; i <= 30; i++) {
    state.rollout = { ...state.rollout, salt: `${i}` };
    look();
    look("another");
    await wait(100);
  }
  expect(seen.map((one) => one?.salt)).toEqual(["duration-v2-1", "10", "20", "30"]);
  abort.abort();
  await reading;
  expect(vi.getTimerCount()).toBe(0);
});

test("an entry of the log does not wait for its second", async () => {
  const { seen, look, entry, wait, abort, reading } = watch(true);
  await wait(0);
  look();
  await wait(10);
  entry();
  await wait(0);
  expect(seen.length).toBe(2);
  await wait(2_000); // the look was in that message
  expect(seen.length).toBe(2);
  abort.abort();
  await reading;
});

test("it ends with the rollout, when the slot is empty", async () => {
  const { state, seen, entry, wait, reading, listeners } = watch(true);
  await wait(0);
  state.rollout = { ...state.rollout, state: RolloutState.PROMOTED };
  entry();
  await wait(0);
  state.rollout = { ...state.rollout, cleanedUp: true };
  entry();
  await reading;
  expect(seen.map((one) => one?.cleanedUp)).toEqual([false, false, true]);
  expect(listeners()).toBe(0);
});
