// Tensors of the Open Inference Protocol, to rows and back. Raw in gives raw out, typed in typed out.
import {
  InferTensorContents,
  type ModelInferRequest,
  type ModelInferResponse,
} from "#gen/inference/grpc_service.ts";
import { type FieldViolation, invalidArgument } from "#kit/rpc/errors.ts";
import type { Card, Tensor } from "./bundle.ts";
import type { Scores } from "./predictor.ts";

const datatypes = { int64: "INT64", float32: "FP32", string: "BYTES" } as const;
const bytesPerElement = { int64: 8, float32: 4 } as const;

/** Rows in card order. Fails with INVALID_ARGUMENT that names the tensor at fault. */
export function readRequestRows(request: ModelInferRequest, inputs: readonly Tensor[]): number[][] {
  const { rawInputContents: raw } = request;
  if (raw.length > 0 && raw.length !== request.inputs.length) {
    refuse("raw_input_contents", `has ${raw.length} entries for ${request.inputs.length} inputs`);
  }
  for (const { name } of request.inputs) {
    if (!inputs.some((input) => input.name === name))
      refuse(`inputs.${name}`, "is not an input of the model");
  }
  const columns = inputs.map((input) => readColumn(request, input));
  const count = columns[0]?.length ?? 0;
  inputs.forEach((input, i) => {
    if (columns[i]?.length !== count) {
      refuse(
        `inputs.${input.name}`,
        `has ${columns[i]?.length} rows, ${inputs[0]?.name} has ${count}`,
      );
    }
  });
  return Array.from({ length: count }, (_, r) => columns.map((column) => column[r] as number));
}

function readColumn(request: ModelInferRequest, input: Tensor): number[] {
  const at = request.inputs.findIndex((tensor) => tensor.name === input.name);
  const tensor = request.inputs[at];
  const field = `inputs.${input.name}`;
  if (!tensor) return refuse(field, "is missing");
  if (tensor.datatype !== datatypes[input.dtype]) {
    return refuse(
      field,
      `has datatype ${tensor.datatype}, the model takes ${datatypes[input.dtype]}`,
    );
  }
  // [N] as the model has it, or [N, 1] as clients that only know matrices send it.
  const count = Number(tensor.shape[0] ?? -1n);
  const isColumn =
    tensor.shape.length === 1 || (tensor.shape.length === 2 && tensor.shape[1] === 1n);
  if (!isColumn || count < 0)
    return refuse(field, `has shape [${tensor.shape}], the model takes [N]`);
  const raw = request.rawInputContents[at];
  if (input.dtype === "string") return refuse(field, "is text, which is scored in batch only");
  if (raw && tensor.contents) return refuse(field, "has both raw and typed contents");
  if (raw) {
    const wanted = count * bytesPerElement[input.dtype];
    if (raw.length !== wanted)
      return refuse(field, `has ${raw.length} bytes, its shape needs ${wanted}`);
    return readRaw(raw, input.dtype, count);
  }
  const values =
    input.dtype === "int64"
      ? (tensor.contents?.int64Contents ?? []).map(Number)
      : [...(tensor.contents?.fp32Contents ?? [])];
  if (values.length !== count)
    return refuse(field, `has ${values.length} values, its shape needs ${count}`);
  return values;
}

function readRaw(raw: Buffer, dtype: "int64" | "float32", count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    dtype === "int64" ? Number(raw.readBigInt64LE(i * 8)) : raw.readFloatLE(i * 4),
  );
}

/** The wanted outputs, or all of them. */
export function writeResponse(
  request: ModelInferRequest,
  card: Card,
  scores: readonly Scores[],
): ModelInferResponse {
  const wanted =
    request.outputs.length > 0
      ? request.outputs.map((o) => o.name)
      : card.outputs.map((o) => o.name);
  const isRaw = request.rawInputContents.length > 0;
  const columns = wanted.map((name) => {
    const index = card.outputs.findIndex((output) => output.name === name);
    if (index < 0) refuse(`outputs.${name}`, "is not an output of the model");
    return Float32Array.from(scores, (row) => row.values[index] as number);
  });
  return {
    modelName: card.service,
    modelVersion: card.version,
    id: request.id,
    parameters: { digest: { parameterChoice: { $case: "stringParam", value: card.digest } } },
    outputs: wanted.map((name, i) => ({
      name,
      datatype: "FP32",
      shape: [BigInt(scores.length)],
      parameters: {},
      contents: isRaw
        ? undefined
        : InferTensorContents.fromPartial({
            fp32Contents: Array.from(columns[i] ?? []),
          } as Partial<InferTensorContents>),
    })),
    rawOutputContents: isRaw ? columns.map((column) => Buffer.from(column.buffer)) : [],
  };
}

function refuse(field: string, description: string): never {
  throw invalidArgument([{ field, description } satisfies FieldViolation]);
}
