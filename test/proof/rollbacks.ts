import { PredictionBatch, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { type Rollout, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { streams } from "#kit/events/subjects.ts";
import { readStream } from "../harness/read-stream.ts";
import { by, isAborted, isPromoted, msToTraffic, type Releases } from "../harness/releases.ts";
import { onStage, type Row } from "./scenario.ts";

const PLAN = "stages: [{ weight: 5%, deadline: 1h }, { weight: 100%, deadline: 1h }]\n";
/** Trips a second stay like those of a big city, and a verdict's own time is still seen. */
const SPEED = "600";
const PATIENCE_MS = 600_000;

interface Run {
  readonly trips: number;
  readonly ridersRouted: number;
  readonly ridersFinished: number;
  readonly msToZero: number;
}

/**
 * A broken version of v2 against v2, in a canary of 5 % with the default requirements, again and again: after how
 * many finished trips it is gone, and who was shown it until then.
 */
export function rollBack(
  service: string,
  version: string,
  runs: number,
  told: (line: string) => void,
): Promise<Row> {
  return onStage(["--speed", SPEED, "--keep-warm", "1s"], async ({ releases }) => {
    await putLive(releases, service, "v2");
    const done: Run[] = [];
    for (let i = 0; i < runs; i++) {
      const { rolloutId } = await releases.start(service, version, PLAN);
      await waitForEnd(releases, rolloutId);
      const ended = await releases.ended(rolloutId);
      const isDecided = ended.decisions.at(-1)?.who !== by.who;
      if (isDecided) done.push(await measure(releases, ended));
      const { gate } =
        ended.decisions.at(-1)?.evidence.find(({ verdict }) => verdict === Verdict.FAIL) ?? {};
      const said = isDecided ? `${gate}: ${JSON.stringify(done.at(-1))}` : "undecided";
      told(`${service} ${version}, run ${i + 1}: ${said}`);
    }
    const most = Math.max(...done.map(({ msToZero }) => msToZero));
    const undecided = runs - done.length;
    return {
      what: `${service} v2 → ${version}, canary 5 %, ${runs} times one after the other from 7 in the morning on`,
      isAsPromised: undecided === 0 && most <= 1_000,
      measured: `${done.length} rolled back by themselves, ${undecided} undecided after ${PATIENCE_MS / 1000} s; finished trips until the verdict ${spread(done, "trips")}; riders ${spread(done, "ridersFinished")} among finished trips, ${spread(done, "ridersRouted")} routed until weight 0; verdict to weight 0 ${spread(done, "msToZero")} ms`,
    };
  });
}

async function putLive(releases: Releases, service: string, version: string): Promise<void> {
  const { rolloutId } = await releases.start(service, version, "strategy: blue-green");
  await releases.until("it has everybody", rolloutId, ({ currentStage }) => currentStage === 1);
  await releases.client.promoteRollout({ rolloutId, ...by }, { timeoutMs: 5_000 });
  await releases.until("it is live", rolloutId, isPromoted);
  await releases.ended(rolloutId);
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
  const shown = await tripsShown(releases, rollout);
  const decidedMs = verdict?.time?.getTime() ?? 0;
  const routed = new Set<string>();
  const finished = new Set<string>();
  await readStream(releases.events, streams.trips, "trips.>", (message) => {
    const { tripId, riderId, body } = TripEvent.decode(message.data);
    if (!shown.has(tripId)) return;
    routed.add(riderId);
    const storedMs = message.info.timestampNanos / 1e6;
    if (body?.$case === "completed" && storedMs <= decidedMs) finished.add(riderId);
  });
  return {
    trips: error?.numbers["n"] ?? Number.NaN,
    ridersRouted: routed.size,
    ridersFinished: finished.size,
    msToZero: msToTraffic(log, "abort"),
  };
}

/** Trips whose rider was shown the candidate's answer since the rollout began, by what was served. */
async function tripsShown(
  { events }: Releases,
  { service, candidateVersion, createTime }: Rollout,
): Promise<ReadonlySet<string>> {
  const sinceMs = createTime?.getTime() ?? 0;
  const shown = new Set<string>();
  await readStream(events, streams.predictions, `predictions.${service}.>`, (message) => {
    for (const { tripId, version, role, servedAt } of PredictionBatch.decode(message.data)
      .predictions) {
      if (version !== candidateVersion || role !== PredictionRole.LIVE) continue;
      if ((servedAt?.getTime() ?? 0) >= sinceMs) shown.add(tripId);
    }
  });
  return shown;
}

/** `12 (3 to 40)`: median, lowest and highest. */
function spread(runs: readonly Run[], of: keyof Run): string {
  const all = runs.map((run) => run[of]).toSorted((a, b) => a - b);
  return `${all[Math.floor(all.length / 2)]} (${all[0]} to ${all.at(-1)})`;
}
