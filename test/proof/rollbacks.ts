import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { streams } from "#kit/events/subjects.ts";
import { readStream } from "../harness/read-stream.ts";
import { by, isAborted, msToTraffic, type Releases } from "../harness/releases.ts";
import { onStage, type Row } from "./scenario.ts";

const PLAN = "stages: [{ weight: 5%, deadline: 1h }, { weight: 100%, deadline: 1h }]\n";
/** Trips a second stay like those of a big city, and a verdict's own time is still seen. */
const SPEED = "600";
const PATIENCE_MS = 120_000;

interface Run {
  readonly trips: number;
  readonly ridersRouted: number;
  readonly ridersFinished: number;
  readonly msToZero: number;
}

/** Broken versions in a canary of 5 % with the default requirements, again and again: who was shown them, how long. */
export function rollBack(
  version: string,
  runs: number,
  told: (line: string) => void,
): Promise<Row> {
  return onStage(["--speed", SPEED, "--keep-warm", "1s"], async ({ releases }) => {
    const done: Run[] = [];
    for (let i = 0; i < runs; i++) {
      const { rolloutId } = await releases.start("duration", version, PLAN);
      await waitForEnd(releases, rolloutId);
      const ended = await releases.ended(rolloutId);
      if (ended.decisions.at(-1)?.who !== by.who) done.push(await measure(releases, ended));
      told(`${version}, run ${i + 1}: ${JSON.stringify(done[i] ?? "undecided")}`);
    }
    const most = Math.max(...done.map(({ msToZero }) => msToZero));
    const undecided = runs - done.length;
    return {
      what: `duration ${version}, canary 5 %, ${runs} times one after the other from 7 in the morning on`,
      isAsPromised: done.length > 0 && most <= 1_000,
      measured: `${done.length} rolled back by themselves, ${undecided} undecided after ${PATIENCE_MS / 1000} s; finished trips until the verdict ${spread(done, "trips")}; riders ${spread(done, "ridersFinished")} among finished trips, ${spread(done, "ridersRouted")} routed; verdict to weight 0 ${spread(done, "msToZero")} ms`,
    };
  });
}

/** Undecided is an answer, too: at some hours a version that is wrong in others is none the worse. */
async function waitForEnd(releases: Releases, rolloutId: string): Promise<void> {
  try {
    await releases.until("it is rolled back", rolloutId, isAborted, PATIENCE_MS);
  } catch {
    await releases.client.abortRollout({ rolloutId, ...by }, { timeoutMs: 5_000 });
  }
}

async function measure(releases: Releases, rollout: Rollout): Promise<Run> {
  const log = await releases.log(rollout.rolloutId);
  const verdict = rollout.decisions.at(-1);
  const error = verdict?.evidence.find(({ gate }) => gate === "realised error");
  const since = rollout.createTime?.getTime() ?? 0;
  const decidedMs = verdict?.time?.getTime() ?? 0;
  const routed = new Map<string, string>();
  const finished = new Set<string>();
  await readStream(releases.events, streams.trips, "trips.>", (message) => {
    const storedMs = message.info.timestampNanos / 1e6;
    if (storedMs < since) return;
    const { tripId, riderId, body } = TripEvent.decode(message.data);
    if (body?.$case === "requested" && body.value.estimate?.version === rollout.candidateVersion) {
      routed.set(tripId, riderId);
    }
    const rider = routed.get(tripId);
    if (body?.$case === "completed" && rider && storedMs <= decidedMs) finished.add(rider);
  });
  return {
    trips: error?.numbers["n"] ?? Number.NaN,
    ridersRouted: new Set(routed.values()).size,
    ridersFinished: finished.size,
    msToZero: msToTraffic(log, "abort"),
  };
}

/** `12 (3 to 40)`: median, lowest and highest. */
function spread(runs: readonly Run[], of: keyof Run): string {
  const all = runs.map((run) => run[of]).toSorted((a, b) => a - b);
  return `${all[Math.floor(all.length / 2)]} (${all[0]} to ${all.at(-1)})`;
}
