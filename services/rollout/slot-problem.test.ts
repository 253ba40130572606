import pino from "pino";
import { afterAll, expect, test } from "vitest";
import type { Instance } from "#kit/instances/instances.ts";
import { serve } from "#kit/rpc/server.ts";
import { createSlotProblem } from "./slot-problem.ts";

const log = pino({ level: "silent" });
const start = () => serve([], { listen: "127.0.0.1:0", log });
const [well, unwell, gone] = await Promise.all([start(), start(), start()]);
well.setServing(true);
await gone.close(0);
afterAll(() => Promise.all([well.close(0), unwell.close(0)]));

function slotProblem(addresses: readonly string[], waiting: Readonly<Record<string, number>> = {}) {
  const instances = addresses.map(
    (address) => ({ service: "tip", slot: "green", address }) as Instance,
  );
  const find = createSlotProblem({
    instances: { list: async () => instances },
    waiting: async (_, slot) => waiting[slot],
    log,
  });
  return find("tip", "green");
}

test("without a process that says that it serves there is no weight", async () => {
  const none = "tip-green has no healthy instance";
  expect(await slotProblem([])).toBe(none);
  expect(await slotProblem([unwell.address, gone.address])).toBe(none);
  expect(await slotProblem([gone.address, well.address])).toBeUndefined();
});

test("a consumer that lags behind the other slot gets no weight; when both do, that is nobody's fault", async () => {
  const of = (green: number, blue: number) => slotProblem([well.address], { green, blue });
  expect(await of(1_000, 0)).toBeUndefined();
  expect(await of(1_001, 0)).toBe("tip-green lags: 1,001 events wait for it, 0 for the other slot");
  expect(await of(50_000, 49_500)).toBeUndefined();
  expect(await of(0, 50_000)).toBeUndefined();
});
