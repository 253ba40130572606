import type {
  GRPCInferenceServiceDefinition,
  ModelInferRequest,
} from "#gen/inference/grpc_service.ts";
import type { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import type { Card } from "#kit/model/bundle.ts";
import { toColumns } from "#kit/model/columns.ts";
import type { Client } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";

export interface GoldenDependencies {
  /** The mesh's listener: `x-model` and `x-slot` name who answers. */
  readonly inference: Pick<Client<typeof GRPCInferenceServiceDefinition>, "modelInfer">;
  readonly duration: Pick<Client<typeof DurationServiceDefinition>, "predict">;
}

/** A version in a slot, as it was fixed at the start of its rollout. */
export interface Candidate {
  readonly service: ModelService;
  readonly slot: Slot;
  readonly version: string;
  /** SHA-256 of its model file. */
  readonly digest: string;
}

const TIMEOUT_MS = 5_000;
/**
 * Of a process that was just started the first `Predict` took 14 to 440 ms (on a busy machine, three starts), the
 * tenth as long as any later one.
 */
const WARM_REQUESTS = 20;
/** Three rides that every model of a ride has a sane answer to; inputs that are not named are unknown (NaN). */
const rides: readonly Readonly<Record<string, number>>[] = [
  { pickup_zone: 74, dropoff_zone: 236, trip_distance_miles: 2.4, passenger_count: 1 },
  { pickup_zone: 7, dropoff_zone: 138, trip_distance_miles: 3.9, passenger_count: 2 },
  { pickup_zone: 41, dropoff_zone: 132 },
];
const common: Readonly<Record<string, number>> = {
  pickup_local_seconds: 1_612_166_400, // Monday, 2021-02-01, 8 in the morning
  estimated_minutes: 14,
  elapsed_seconds: 300,
  share_done: 0.4,
  previous_share_done: 0.2,
  previous_elapsed_seconds: 150,
};

/**
 * Golden requests: a freshly deployed candidate has to answer them as itself, from the model file that the rollout
 * was started with, with numbers in the ranges that its card promises and a value within its own interval. Fails
 * with what is wrong.
 *
 * One of duration is then warmed by the method that riders wait for, as quotes, which nobody logs: what comes later
 * is compared with a version that has served for days.
 */
export async function askGolden(
  { inference, duration }: GoldenDependencies,
  candidate: Candidate,
  card: Card,
): Promise<void> {
  await checkAnswers(inference, candidate, card);
  if (card.service !== "duration") return;
  for (let i = 0; i < WARM_REQUESTS; i++) {
    const ride = rides[i % rides.length];
    const features = {
      pickupZone: ride?.["pickup_zone"] ?? 0,
      dropoffZone: ride?.["dropoff_zone"] ?? 0,
      pickupLocalSeconds: BigInt(common["pickup_local_seconds"] ?? 0),
      tripDistanceMiles: ride?.["trip_distance_miles"],
      passengerCount: ride?.["passenger_count"],
    };
    const options = { timeoutMs: TIMEOUT_MS, headers: { "x-slot": candidate.slot } };
    await duration.predict({ tripId: "", features }, options);
  }
}

async function checkAnswers(
  inference: GoldenDependencies["inference"],
  candidate: Candidate,
  card: Card,
): Promise<void> {
  const { slot, version, digest } = candidate;
  const answer = await inference.modelInfer(toRequest(card), {
    timeoutMs: TIMEOUT_MS,
    headers: { "x-model": card.service, "x-slot": slot },
  });
  if (answer.modelVersion !== version) {
    throw refused(`${card.service}-${slot} answers as ${answer.modelVersion}, not ${version}`);
  }
  const said = answer.parameters["digest"]?.parameterChoice;
  if (said?.$case !== "stringParam" || said.value !== digest) {
    throw refused(
      `${card.service}-${slot} answers from another model file than the rollout was started with (SHA-256 ${digest}): the bundle was changed meanwhile`,
    );
  }
  const columns = card.outputs.map((_, i) => floatsOf(answer.rawOutputContents[i]));
  for (const [i, { name, minimum = -Infinity, maximum = Infinity }] of card.outputs.entries()) {
    const bad = columns[i]?.find((v) => !Number.isFinite(v) || v < minimum || v > maximum);
    if (bad !== undefined || columns[i]?.length !== rides.length) {
      throw refused(`${name} of a golden request is ${bad}, not within ${minimum} to ${maximum}`);
    }
  }
  const [value, lower, upper] = columns;
  for (const ride of rides.keys()) {
    const at = (column: readonly number[] | undefined) => column?.[ride] ?? Number.NaN;
    if (!(at(lower) <= at(value) && at(value) <= at(upper))) {
      throw refused(
        `a golden request is answered ${at(value)}, outside its interval ${at(lower)} to ${at(upper)}`,
      );
    }
  }
}

const datatypes = { int64: "INT64", float32: "FP32", string: "BYTES" } as const;

function toRequest({ service, inputs }: Card): ModelInferRequest {
  const rows = rides.flatMap((ride) =>
    inputs.map(({ name }) => ride[name] ?? common[name] ?? Number.NaN),
  );
  const columns = toColumns(Float64Array.from(rows), rides.length, inputs);
  return {
    modelName: service,
    modelVersion: "",
    id: "golden",
    parameters: {},
    inputs: inputs.map(({ name, dtype }) => ({
      name,
      datatype: datatypes[dtype],
      shape: [BigInt(rides.length)],
      parameters: {},
      contents: undefined,
    })),
    outputs: [],
    rawInputContents: columns.map((column) =>
      Buffer.from((column as BigInt64Array | Float32Array).buffer),
    ),
  };
}

function floatsOf(raw: Buffer | undefined): number[] {
  return Array.from({ length: (raw?.length ?? 0) / 4 }, (_, i) => raw?.readFloatLE(4 * i) ?? NaN);
}

function refused(message: string): MeshError {
  return new MeshError("FAILED_PRECONDITION", message);
}
