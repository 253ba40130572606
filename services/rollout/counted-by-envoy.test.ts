// What a real Envoy counts of live requests, of copies and of requests that name the slot, on one scale.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DurationServiceDefinition,
  PredictRequest,
  PredictResponse,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { handle } from "#kit/rpc/server.ts";
import { type Slot, slots } from "#kit/traffic/traffic.ts";
import { saveSplit } from "../../envoy/save-split.ts";
import { serveFor, startTrial, type Trial } from "../../envoy/trial.ts";
import { until } from "../../test/harness/until.ts";
import { type RequestCounts, readRequestCounts, type SlotCounts } from "./request-counts.ts";

const TIMEOUT_MS = 1_000;
let trial: Trial;
let client: Client<typeof DurationServiceDefinition>;
/** What copies are answered, and what the others are. */
const behaviour = { shadow: "answer", live: "answer" };

beforeAll(async () => {
  trial = await startTrial({ durationTimeoutMs: TIMEOUT_MS });
  const serve = async (slot: Slot) => {
    const { address } = await serveFor(trial, [
      handle(DurationServiceDefinition, { predict: (_, context) => behave(slot, context) }),
    ]);
    await trial.deploy(`duration-${slot}`, [address]);
    await trial.untilHealthy(`duration-${slot}-shadow`, [address]);
  };
  await serve("blue");
  await serve("green");
  client = createClient(DurationServiceDefinition, trial.envoy.mesh);
  trial.defer(() => client.close());
});
afterAll(() => trial.stop());

async function behave(
  slot: Slot,
  context: { header(name: string): string | undefined; signal: AbortSignal },
): Promise<PredictResponse> {
  const how = context.header("x-shadow") === "1" ? behaviour.shadow : behaviour.live;
  if (how === "fail") throw new MeshError("INTERNAL", "as the test wants");
  if (how === "late") await sleep(120);
  if (how === "hang") {
    await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
  }
  return PredictResponse.fromPartial({ slot });
}

/** Asks, one after the other or all at once, and says how green's and blue's counts grew. */
async function grown(
  requests: number,
  {
    headers = {},
    atOnce = false,
    expected,
  }: {
    headers?: Record<string, string>;
    atOnce?: boolean;
    expected: Record<Slot, SlotCounts>;
  },
): Promise<void> {
  const before = await readRequestCounts(trial.envoy.admin);
  const ask = (i: number) =>
    client
      .predict(PredictRequest.create(), {
        timeoutMs: 5_000,
        headers: { "x-rider-id": `r${i}`, ...headers },
      })
      .catch(() => undefined);
  const all = Array.from({ length: requests }, (_, i) => i);
  if (atOnce) await Promise.all(all.map(ask));
  else for (const i of all) await ask(i);
  let seen: Record<Slot, SlotCounts> | undefined;
  await until(
    "Envoy has counted them",
    async () => {
      const now = await readRequestCounts(trial.envoy.admin);
      seen = { blue: less(now, before, "blue"), green: less(now, before, "green") };
      return slots.every((slot) => isAs(seen?.[slot], expected[slot]));
    },
    8_000,
  ).catch(() => expect(seen).toEqual(expected));
}

/** On a busy machine any answer may be late; those that are meant to be always are. */
function isAs(seen: SlotCounts | undefined, { slow, ...exact }: SlotCounts): boolean {
  return (
    seen !== undefined &&
    seen.slow >= slow &&
    Object.entries(exact).every(([kind, n]) => seen[kind as keyof SlotCounts] === n)
  );
}

function less(now: RequestCounts, before: RequestCounts, slot: Slot): SlotCounts {
  const old = before[slot];
  const grown = Object.entries(now[slot]).map(([kind, n]) => [
    kind,
    n - old[kind as keyof SlotCounts],
  ]);
  return Object.fromEntries(grown) as SlotCounts;
}

const counts = (requests: number, errors = 0, timed = requests, slow = 0): SlotCounts => ({
  requests,
  errors,
  timed,
  slow,
  redelivered: 0,
});
const none = counts(0);

test("live requests and those that name the slot are counted in their slot", async () => {
  await saveSplit(trial, {});
  await grown(10, { expected: { blue: counts(10), green: none } });
  const headers = { "x-slot": "green" };
  await grown(10, { headers, expected: { blue: none, green: counts(10) } });
  behaviour.live = "fail";
  await grown(3, { headers, expected: { blue: none, green: counts(3, 3) } });
  behaviour.live = "late";
  await grown(3, { headers, expected: { blue: none, green: counts(3, 0, 3, 3) } });
  behaviour.live = "answer";
});

test("copies are counted as well, with their errors and their times", async () => {
  await saveSplit(trial, { duration: { mirror: 10_000 } });
  const blue = (n: number) => counts(n);
  await grown(10, { expected: { blue: blue(10), green: counts(10) } });
  behaviour.shadow = "fail";
  await grown(4, { expected: { blue: blue(4), green: counts(4, 4) } });
  behaviour.shadow = "late";
  await grown(4, { expected: { blue: blue(4), green: counts(4, 0, 4, 4) } });
});

test("a copy that is not answered in time is an error, and one that was never sent is nothing", async () => {
  await saveSplit(trial, { duration: { mirror: 10_000 } });
  behaviour.shadow = "hang";
  await grown(4, { expected: { blue: counts(4), green: counts(4, 4, 0) } });
  // 64 at a time: the others are dropped.
  await grown(100, { atOnce: true, expected: { blue: counts(100), green: counts(64, 64, 0) } });
  behaviour.shadow = "answer";
});

test("copies for a candidate that is not there are errors", async () => {
  await saveSplit(trial, { duration: { mirror: 10_000 } });
  await trial.deploy("duration-green", []);
  await grown(4, { expected: { blue: counts(4), green: counts(4, 4, 0) } });
});
