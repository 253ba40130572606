import type { ModelInferRequest } from "#gen/inference/grpc_service.ts";
import { GRPCInferenceServiceDefinition } from "#gen/inference/grpc_service.ts";
import { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import type { Card } from "#kit/model/bundle.ts";
import { toColumns } from "#kit/model/columns.ts";
import { createClient } from "#kit/rpc/client.ts";
import type { Answers } from "./answers.ts";
import type { ParityRow } from "./rows.ts";

const TIMEOUT_MS = 30_000;
/** Calls on their way at once, so that rows meet in batches as they do under load. */
const IN_FLIGHT = 64;

/** duration's own RPC, one row a call. Trip ids make it log each prediction to the stream, too. */
export async function predictOverRpc(
  address: string,
  rows: readonly ParityRow[],
): Promise<Answers> {
  const client = createClient(DurationServiceDefinition, address);
  const outputs = {
    duration_minutes: new Float32Array(rows.length),
    lower_minutes: new Float32Array(rows.length),
    upper_minutes: new Float32Array(rows.length),
    price_usd: new Float32Array(rows.length),
  };
  const hashes: string[] = new Array(rows.length).fill("");
  try {
    await inParallel(rows.length, IN_FLIGHT, async (i) => {
      const { features } = rows[i] as ParityRow;
      const answer = await client.predict(
        { tripId: `parity-${i}`, features },
        { timeoutMs: TIMEOUT_MS },
      );
      outputs.duration_minutes[i] = answer.durationMinutes;
      outputs.lower_minutes[i] = answer.lowerMinutes;
      outputs.upper_minutes[i] = answer.upperMinutes;
      outputs.price_usd[i] = answer.priceUsd;
      hashes[i] = answer.featureHash.toString("hex");
    });
    return { mode: "gRPC Predict", setting: `${IN_FLIGHT} at once`, outputs, hashes };
  } finally {
    client.close();
  }
}

/** The Open Inference Protocol, raw tensors, `batch` rows a call. */
export async function inferOverRpc(
  address: string,
  card: Card,
  rows: readonly ParityRow[],
  batch: number,
): Promise<Answers> {
  const client = createClient(GRPCInferenceServiceDefinition, address);
  const outputs = Object.fromEntries(
    card.outputs.map(({ name }) => [name, new Float32Array(rows.length)]),
  );
  try {
    await inParallel(Math.ceil(rows.length / batch), Math.ceil(IN_FLIGHT / batch), async (i) => {
      const start = i * batch;
      const request = toRequest(card, rows.slice(start, start + batch));
      const answer = await client.modelInfer(request, { timeoutMs: TIMEOUT_MS });
      for (const [o, { name }] of answer.outputs.entries()) {
        const raw = answer.rawOutputContents[o] ?? Buffer.alloc(0);
        for (let at = 0; at < raw.length; at += 4) {
          const output = outputs[name];
          if (output) output[start + at / 4] = raw.readFloatLE(at);
        }
      }
    });
    return { mode: "V2 ModelInfer", setting: `batches of ${batch}`, outputs };
  } finally {
    client.close();
  }
}

const datatypes = { int64: "INT64", float32: "FP32", string: "BYTES" } as const;

function toRequest({ service, inputs }: Card, rows: readonly ParityRow[]): ModelInferRequest {
  const flat = Float64Array.from(rows.flatMap(({ row }) => row));
  const columns = toColumns(flat, rows.length, inputs);
  return {
    modelName: service,
    modelVersion: "",
    id: "",
    parameters: {},
    inputs: inputs.map(({ name, dtype }) => ({
      name,
      datatype: datatypes[dtype],
      shape: [BigInt(rows.length)],
      parameters: {},
      contents: undefined,
    })),
    outputs: [],
    rawInputContents: columns.map((column) =>
      Buffer.from((column as BigInt64Array | Float32Array).buffer),
    ),
  };
}

/** Runs `work` for 0 to `count` − 1, at most `width` at once. */
async function inParallel(
  count: number,
  width: number,
  work: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
