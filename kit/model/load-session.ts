import { InferenceSession } from "onnxruntime-node";
import type { Tensor } from "./bundle.ts";

/** A session and how its inputs want to be fed. */
export interface LoadedModel {
  readonly session: InferenceSession;
  /** Inputs, in card order, that take `[N, 1]` instead of `[N]`. */
  readonly isMatrix: readonly boolean[];
}

/** What the card promises of the model. */
export interface Promised {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/**
 * Loads a model and compares it with its card. Fails with a sentence that names the tensor and what was
 * expected of it, so that a mistake is found when a process starts and not at the first row.
 */
export async function loadSession(model: Uint8Array, card: Promised): Promise<LoadedModel> {
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
  });
  const inputs = checkTensors("input", session.inputMetadata, card.inputs);
  checkTensors("output", session.outputMetadata, card.outputs);
  for (const { name } of session.inputMetadata) {
    if (!card.inputs.some((input) => input.name === name)) {
      throw new Error(`the model needs an input named ${name}, which the card lacks`);
    }
  }
  return { session, isMatrix: inputs.map(({ shape }) => shape.length === 2) };
}

type Found = InferenceSession.TensorValueMetadata;

/** The model's tensors in card order. */
function checkTensors(
  what: "input" | "output",
  found: readonly InferenceSession.ValueMetadata[],
  promised: readonly Tensor[],
): Found[] {
  return promised.map(({ name, dtype }) => {
    const tensor = found.find((candidate) => candidate.name === name);
    if (!tensor) {
      const names = found.map((candidate) => candidate.name).join(", ");
      throw new Error(`the model has no ${what} named ${name}; it has ${names}`);
    }
    if (!tensor.isTensor) throw new Error(`${what} ${name} of the model is not a tensor`);
    if (tensor.type !== dtype) {
      throw new Error(`${what} ${name} of the model is ${tensor.type}, the card says ${dtype}`);
    }
    if (!isColumn(tensor.shape)) {
      throw new Error(`${what} ${name} has shape [${tensor.shape}], not [N] or [N, 1]`);
    }
    return tensor;
  });
}

/** `[N]`, or `[N, 1]` as exporters that only know matrices write it; N must be free. */
function isColumn(shape: readonly (number | string)[]): boolean {
  const [rows, width] = shape;
  if (typeof rows === "number" && rows > 0) return false;
  return shape.length === 1 || (shape.length === 2 && width === 1);
}
