import { afterAll, beforeAll, expect, test } from "vitest";
import { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import { RolloutState, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Events } from "#kit/events/connect.ts";
import { releaseSubject } from "#kit/events/subjects.ts";
import { firstTraffic } from "#kit/traffic/traffic.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { type EntryBody, ForeignWriter, openReleaseLog, readAll } from "./release-log.ts";
import { decision, later, rolloutOf } from "./testing/rollouts.ts";

const { RUNNING, PAUSED, ABORTED } = RolloutState;
let nats: TestNats;
let events: Events;
beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect("rollout");
});
afterAll(() => nats.stop());

let count = 0;
/** A log of its own, with a rollout that was started. */
async function started() {
  const rolloutId = `duration-v2-${count++}`;
  const log = await openReleaseLog(events, () => later(0));
  await log.append(rolloutId, { $case: "started", value: rolloutOf({ rolloutId }) });
  return { log, rolloutId };
}
const decided = (what: string, state: RolloutState, stage: number): EntryBody => ({
  $case: "decision",
  value: decision(what, state, stage),
});
async function stored(rolloutId: string) {
  const bodies: (EntryBody | undefined)[] = [];
  for await (const { entry } of readAll(events, rolloutId)) bodies.push(entry.body);
  return bodies.map((body) => (body?.$case === "decision" ? body.value.what : body?.$case));
}

test("what was written is read back: the same rollout, the same traffic", async () => {
  const { log, rolloutId } = await started();
  const traffic = { ...firstTraffic("duration"), revision: 7n };
  const push = { traffic, who: "", why: "", acknowledgedBy: ["envoy"], laggards: [] };
  await log.append(rolloutId, decided("advance", RUNNING, 1));
  await log.append(rolloutId, { $case: "push", value: push });
  const gates = [{ gate: "caps", verdict: Verdict.PASS, because: "so", numbers: { crashes: 0 } }];
  const look = { verdict: Verdict.CONTINUE, gates, stage: 1 };
  const after = await log.append(rolloutId, { $case: "look", value: look });
  const again = await openReleaseLog(events, () => later(0));
  expect(again.rollout(rolloutId)).toEqual(after);
  expect(again.traffics(rolloutId)).toEqual([traffic]);
  expect(again.rollouts().map((one) => one.rolloutId)).toContain(rolloutId);
  expect(await stored(rolloutId)).toEqual(["started", "advance", "push", "look"]);
});

test("two who write at once are written one after the other, each knowing what came before", async () => {
  const { log, rolloutId } = await started();
  const seen: (RolloutState | undefined)[] = [];
  const told: string[] = [];
  log.onEntry((_, { body }) => told.push(body?.$case === "decision" ? body.value.what : ""));
  await Promise.all([
    log.append(rolloutId, (now) => {
      seen.push(now?.state);
      return decided("abort", ABORTED, 0);
    }),
    log.append(rolloutId, (now) => {
      seen.push(now?.state);
      return now?.state === RUNNING ? decided("advance", RUNNING, 1) : undefined;
    }),
  ]);
  expect(seen).toEqual([RUNNING, ABORTED]);
  expect(told).toEqual(["abort"]);
  expect(log.rollout(rolloutId)?.state).toBe(ABORTED);
  expect(await stored(rolloutId)).toEqual(["started", "abort"]);
});

test("a refusal by the one who decides is handed on, and holds up nobody", async () => {
  const { log, rolloutId } = await started();
  const refused = log.append(rolloutId, () => {
    throw new Error("no");
  });
  await expect(refused).rejects.toThrow("no");
  await log.append(rolloutId, decided("pause", PAUSED, 0));
  expect(await stored(rolloutId)).toEqual(["started", "pause"]);
});

test("a process that has been replaced writes nothing more", async () => {
  const { log: old, rolloutId } = await started();
  const heir = await openReleaseLog(events, () => later(0));
  await heir.append(rolloutId, decided("advance", RUNNING, 1));
  const late = old.append(rolloutId, decided("abort", ABORTED, 0));
  await expect(late).rejects.toBeInstanceOf(ForeignWriter);
  expect(await stored(rolloutId)).toEqual(["started", "advance"]);
  expect(old.rollout(rolloutId)?.state).toBe(RUNNING); // and believes nothing that is not so
});

test("an entry that was stored although nobody could say so is found again", async () => {
  const { log, rolloutId } = await started();
  const lossy = { ...events, js: { ...events.js, consumers: events.js.consumers } as never };
  Object.assign(lossy.js, {
    async publish(...args: Parameters<Events["js"]["publish"]>) {
      await events.js.publish(...args);
      throw new Error("timeout");
    },
  });
  const other = await openReleaseLog(lossy, () => later(0));
  const first = other.append(rolloutId, decided("pause", PAUSED, 0));
  await expect(first).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(other.rollout(rolloutId)?.state).toBe(RUNNING); // as far as is known
  Object.assign(lossy.js, { publish: events.js.publish.bind(events.js) });
  const states: (RolloutState | undefined)[] = [];
  await other.append(rolloutId, (now) => {
    states.push(now?.state);
    return decided("abort", ABORTED, 0);
  });
  expect(states).toEqual([PAUSED]);
  expect(await stored(rolloutId)).toEqual(["started", "pause", "abort"]);
  expect(log.rollout(rolloutId)?.state).toBe(RUNNING);
});

test("while the server is away nothing is decided, and afterwards it goes on", async () => {
  const { log, rolloutId } = await started();
  await nats.kill();
  const lost = log.append(rolloutId, decided("pause", PAUSED, 0)).catch((cause: unknown) => cause);
  expect(log.rollout(rolloutId)?.state).toBe(RUNNING);
  await nats.restart();
  const result = await lost; // stored after all, or not known
  if (result instanceof Error) expect(result).toMatchObject({ code: "UNAVAILABLE" });
  await until("it can be written again", () =>
    log.append(rolloutId, decided("abort", ABORTED, 0)).then(
      () => true,
      () => false,
    ),
  );
  expect(log.rollout(rolloutId)?.state).toBe(ABORTED);
  const entries = await stored(rolloutId);
  expect(entries.at(-1)).toBe("abort");
  expect(new Set(entries).size).toBe(entries.length); // none twice
});

test("entries from before are no trouble to those who only want one log", async () => {
  const { rolloutId } = await started();
  await events.js.publish(
    releaseSubject("other"),
    ReleaseEntry.encode(ReleaseEntry.create({ rolloutId: "other" })).finish(),
  );
  expect(await stored(rolloutId)).toEqual(["started"]);
  expect(await stored("nobody's")).toEqual([]);
});
