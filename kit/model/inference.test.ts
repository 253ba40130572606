// The Open Inference Protocol as a standard client speaks it.
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  GRPCInferenceServiceDefinition,
  InferTensorContents,
  ModelInferRequest,
  ModelInferRequest_InferInputTensor,
} from "#gen/inference/grpc_service.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { type RpcServer, serve } from "#kit/rpc/server.ts";
import { loadBundle } from "./bundle.ts";
import { inferenceService } from "./inference-service.ts";
import { createPredictor, type Predictor } from "./predictor.ts";

let predictor: Predictor;
let server: RpcServer;
let client: Client<typeof GRPCInferenceServiceDefinition>;
beforeAll(async () => {
  predictor = await createPredictor(
    await loadBundle(new URL("../../models/duration/v1", import.meta.url).pathname),
  );
  server = await serve([inferenceService(predictor)], {
    listen: "127.0.0.1:0",
    log: pino({ level: "silent" }),
  });
  client = createClient(GRPCInferenceServiceDefinition, server.address);
});
afterAll(async () => {
  client?.close();
  await server?.close(100);
  await predictor?.close();
});

const rows = [
  [74, 236, 1_612_166_400, 3.1, 1],
  [7, 42, 1_612_200_000, Number.NaN, Number.NaN],
];
const columns = (i: number) => rows.map((row) => row[i] as number);
const ints = (i: number) => columns(i).map((v) => BigInt(v));
const bytesOf = (array: BigInt64Array | Float32Array) => Buffer.from(array.buffer);
const tensor = (name: string, datatype: string, contents?: Partial<InferTensorContents>) => ({
  ...ModelInferRequest_InferInputTensor.create(),
  name,
  datatype,
  shape: [2n],
  contents: contents && { ...InferTensorContents.create(), ...contents },
});

const raw: ModelInferRequest = {
  ...ModelInferRequest.create(),
  modelName: "duration",
  id: "7",
  inputs: [
    tensor("passenger_count", "FP32"), // in another order than the card's
    tensor("pickup_zone", "INT64"),
    tensor("dropoff_zone", "INT64"),
    tensor("pickup_local_seconds", "INT64"),
    tensor("trip_distance_miles", "FP32"),
  ],
  rawInputContents: [
    bytesOf(Float32Array.from(columns(4))),
    ...[0, 1, 2].map((i) => bytesOf(BigInt64Array.from(ints(i)))),
    bytesOf(Float32Array.from(columns(3))),
  ],
};
const typed: ModelInferRequest = {
  ...ModelInferRequest.create(),
  modelName: "duration",
  modelVersion: "v1",
  inputs: [
    tensor("pickup_zone", "INT64", { int64Contents: ints(0) }),
    tensor("dropoff_zone", "INT64", { int64Contents: ints(1) }),
    tensor("pickup_local_seconds", "INT64", { int64Contents: ints(2) }),
    tensor("trip_distance_miles", "FP32", { fp32Contents: columns(3) }),
    tensor("passenger_count", "FP32", { fp32Contents: columns(4) }),
  ],
  outputs: [{ name: "duration_minutes", parameters: {} }],
};

const options = { timeoutMs: 5000 };
const refusal = (change: object) =>
  client.modelInfer({ ...typed, ...change }, options).then(
    () => "it was accepted",
    (error: unknown) => {
      const { code, message } = MeshError.from(error);
      return `${code} ${message}`;
    },
  );

describe("Open Inference", () => {
  test("raw in gives raw out, typed in typed out, with the same bits as Predict", async () => {
    const scores = await predictor.predictAll(rows);
    const fromRaw = await client.modelInfer(raw, options);
    const fromTyped = await client.modelInfer(typed, options);
    const expected = Float32Array.from(scores, (s) => s.values[0] as number);
    expect(fromRaw.id).toBe("7");
    expect(fromRaw.outputs.map((o) => o.name)).toEqual(predictor.card.outputs.map((o) => o.name));
    expect(fromRaw.rawOutputContents[0]).toEqual(bytesOf(expected));
    expect(fromTyped.rawOutputContents).toEqual([]);
    expect(Float32Array.from(fromTyped.outputs[0]?.contents?.fp32Contents ?? [])).toEqual(expected);
    expect(fromTyped.outputs).toHaveLength(1);
  });

  test("describes its model", async () => {
    const described = await client.modelMetadata({ name: "duration", version: "" }, options);
    expect(described).toMatchObject({ versions: ["v1"], platform: "onnx_onnxv1" });
    expect(described.properties["digest"]).toBe(predictor.card.digest);
    expect(described.inputs[0]).toEqual({ name: "pickup_zone", datatype: "INT64", shape: [-1n] });
  });

  test.each([
    ["another model", { modelName: "tip" }, "NOT_FOUND Request for unknown model: tip"],
    [
      "another version",
      { modelVersion: "v9" },
      "NOT_FOUND Request for unknown model: duration version v9",
    ],
    [
      "a missing input",
      { inputs: typed.inputs.slice(1) },
      "INVALID_ARGUMENT inputs.pickup_zone: is missing",
    ],
    [
      "an unknown output",
      { outputs: [{ name: "x", parameters: {} }] },
      "INVALID_ARGUMENT outputs.x: is not an output",
    ],
    [
      "raw and typed together",
      { rawInputContents: raw.rawInputContents },
      "has both raw and typed contents",
    ],
    [
      "a wrong type",
      { inputs: [{ ...tensor("pickup_zone", "FP32") }, ...typed.inputs.slice(1)] },
      "has datatype FP32, the model takes INT64",
    ],
    [
      "too few values",
      {
        inputs: [tensor("pickup_zone", "INT64", { int64Contents: [1n] }), ...typed.inputs.slice(1)],
      },
      "has 1 values, its shape needs 2",
    ],
  ])("refuses %s by name", async (_what, change, expected) => {
    expect(await refusal(change)).toContain(expected);
  });
});
