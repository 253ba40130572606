import { setTimeout as sleep } from "node:timers/promises";
import {
  DurationServiceDefinition,
  PredictRequest,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import { createClient } from "#kit/rpc/client.ts";
import { cohortKey } from "#kit/traffic/arm.ts";
import { flow } from "../../cli/up/testing/flow.ts";
import { by, isPromoted } from "../harness/releases.ts";
import { until } from "../harness/until.ts";
import { onStage, type Row, type Stage } from "./scenario.ts";

const PER_SECOND = 300;
const CHANGES = 50;
/** Each of them asks some twenty times meanwhile. */
const RIDERS = 100;
const PAUSE_MS = 100;

/** Weights changed by hand while both versions are warm, under load. */
export function changeUnderLoad(): Promise<Row> {
  return onStage(["--no-replay", "--keep-warm", "10m"], async (stage) => {
    const { releases } = stage;
    const { rolloutId } = await releases.start("duration", "v2", "strategy: blue-green");
    await releases.until("it has everybody", rolloutId, ({ currentStage }) => currentStage === 1);
    await releases.client.promoteRollout({ rolloutId, ...by }, { timeoutMs: 5_000 });
    await releases.until("it is promoted", rolloutId, isPromoted);
    const client = createClient(DurationServiceDefinition, stage.mesh.mesh);
    try {
      return await changeWeights(stage, client);
    } finally {
      client.close();
    }
  });
}

type Duration = ReturnType<typeof createClient<typeof DurationServiceDefinition>>;
const request = PredictRequest.fromPartial({
  features: { pickupZone: 74, dropoffZone: 236, pickupLocalSeconds: 1_612_166_400n },
});
/** Else Envoy's usual 400 ms would end some on a busy machine, whatever happens to weights. */
const patient = { "x-envoy-upstream-rq-timeout-ms": "5000" };

async function changeWeights({ releases }: Stage, client: Duration): Promise<Row> {
  const { salt } = await releases.traffic("duration");
  const moved = new Set<number>();
  let next = 0;
  let back = 0;
  const set = async (green: number) => {
    const traffic = await releases.traffic("duration");
    const weights = { blue: 10_000 - green, green };
    const slot = (name: "blue" | "green") => ({ ...traffic[name], weight: weights[name] }) as never;
    const wanted = { ...traffic, blue: slot("blue"), green: slot("green") };
    await releases.client.setTraffic({ traffic: wanted, ...by }, { timeoutMs: 10_000 });
  };
  await set(0);
  const load = flow(async () => {
    const rider = next++ % RIDERS;
    const wasMoved = moved.has(rider);
    const headers = { ...patient, "x-cohort-key": cohortKey(salt, `rider-${rider}`) };
    const { slot } = await client.predict(request, { timeoutMs: 10_000, headers });
    if (slot === "green") moved.add(rider);
    else if (wasMoved) back++;
    return slot;
  }, PER_SECOND);
  for (let change = 1; change <= CHANGES; change++) {
    await set((10_000 / CHANGES) * change);
    await sleep(PAUSE_MS);
  }
  await until("every rider was asked again", () => moved.size === RIDERS);
  const { sent, failed } = await load.stop();
  return {
    what: `${CHANGES} changes of weight under ${PER_SECOND} requests/s`,
    isAsPromised: failed.length === 0 && back === 0 && moved.size === RIDERS,
    measured: `${sent} requests, ${failed.length} failed, ${back} answers went back to the old version; ${moved.size} of ${RIDERS} riders were moved`,
  };
}

/** The live processes replaced one by one, under load. */
export function replaceUnderLoad(): Promise<Row> {
  return onStage(["--no-replay"], async ({ releases, mesh }) => {
    const client = createClient(DurationServiceDefinition, mesh.mesh);
    const load = flow(async () => {
      const answer = await client.predict(request, { timeoutMs: 10_000, headers: patient });
      return answer.version;
    }, PER_SECOND);
    const plan = "strategy: rolling\nstages: [{ bake: 1s, deadline: 1h }]";
    const { rolloutId } = await releases.start("duration", "v2", plan);
    await releases.ended(rolloutId);
    const { sent, failed, answers } = await load.stop();
    client.close();
    return {
      what: `a rolling release under ${PER_SECOND} requests/s`,
      isAsPromised: failed.length === 0 && answers["v2"] !== undefined,
      measured: `${sent} requests, ${failed.length} failed, answered by ${JSON.stringify(answers)}`,
    };
  });
}
