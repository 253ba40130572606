import { expect, test } from "vitest";
import { type Code, MeshError } from "#kit/rpc/errors.ts";
import { withRetries } from "./retry.ts";
import { createVirtualClock } from "./testing/virtual-clock.ts";

/** Fails `failures` times with `code`; says how often it was called and how long that took. */
async function run(code: Code, failures: number, signal = new AbortController().signal) {
  const clock = createVirtualClock();
  let calls = 0;
  const call = async () => {
    if (++calls <= failures) throw new MeshError(code, "no");
    return "answer";
  };
  const work = withRetries(call, { clock, signal, random: () => 1 }).catch(
    (e: MeshError) => e.code,
  );
  return { result: await clock.drive(work), calls, tookMs: clock.nowMs() };
}

test("what may pass is tried again, with growing pauses", async () => {
  expect(await run("UNAVAILABLE", 3)).toEqual({ result: "answer", calls: 4, tookMs: 1750 });
  expect(await run("DEADLINE_EXCEEDED", 1)).toEqual({ result: "answer", calls: 2, tookMs: 250 });
});

test("the budget ends", async () => {
  expect(await run("UNAVAILABLE", 99)).toEqual({ result: "UNAVAILABLE", calls: 6, tookMs: 7750 });
});

test("what repeating cannot cure is not repeated", async () => {
  expect(await run("INVALID_ARGUMENT", 1)).toMatchObject({ result: "INVALID_ARGUMENT", calls: 1 });
});

test("nothing is repeated for somebody who has gone", async () => {
  expect(await run("UNAVAILABLE", 1, AbortSignal.abort())).toMatchObject({ calls: 1 });
});
