// The thread that owns the ONNX session: `run()` blocks whatever thread calls it.
import { hash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Tensor as TensorCard } from "./bundle.ts";
import { toColumns } from "./columns.ts";

/** A batch of rows, row after row in card order. */
export interface BatchRequest {
  readonly rows: Float64Array;
  readonly count: number;
}

/** `outputs`: the first output of every row, then the second …; `hashes`: 32 bytes a row. */
export type BatchReply =
  | { readonly outputs: Float32Array; readonly hashes: Uint8Array }
  | { readonly error: string };

export interface WorkerData {
  readonly model: Uint8Array;
  readonly inputs: readonly TensorCard[];
  readonly outputs: readonly TensorCard[];
}

if (!parentPort) throw new Error("worker.ts runs only as a worker thread");
const port = parentPort;
const { model, inputs, outputs } = workerData as WorkerData;
const session = await InferenceSession.create(model, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
});
for (const { name } of inputs) {
  if (!session.inputNames.includes(name)) throw new Error(`the model has no input named ${name}`);
}
for (const { name } of outputs) {
  if (!session.outputNames.includes(name)) throw new Error(`the model has no output named ${name}`);
}

port.on("message", (request: BatchRequest) => void answer(request));
port.postMessage("ready");

async function answer({ rows, count }: BatchRequest): Promise<void> {
  try {
    const columns = toColumns(rows, count, inputs);
    const feeds: Record<string, Tensor> = {};
    inputs.forEach((input, i) => {
      const column = columns[i] as Float32Array | BigInt64Array;
      feeds[input.name] = new Tensor(input.dtype, column, [count]);
    });
    const hashes = hashRows(columns, count);
    const results = await session.run(feeds);
    const flat = new Float32Array(count * outputs.length);
    outputs.forEach((output, i) => {
      flat.set(results[output.name]?.data as Float32Array, i * count);
    });
    port.postMessage({ outputs: flat, hashes } satisfies BatchReply, [flat.buffer, hashes.buffer]);
  } catch (cause) {
    port.postMessage({ error: String(cause) } satisfies BatchReply);
  }
}

/** SHA-256 of each row as it was fed: card order, little-endian. */
function hashRows(
  columns: readonly (Float32Array | BigInt64Array)[],
  count: number,
): Uint8Array<ArrayBuffer> {
  const width = columns.reduce((sum, column) => sum + column.BYTES_PER_ELEMENT, 0);
  const row = Buffer.alloc(width);
  const hashes = new Uint8Array(count * 32);
  for (let r = 0; r < count; r++) {
    let at = 0;
    for (const column of columns) {
      const value = column[r];
      if (typeof value === "bigint") at = row.writeBigInt64LE(value, at);
      else at = row.writeFloatLE(value as number, at);
    }
    hashes.set(hash("sha256", row, "buffer"), r * 32);
  }
  return hashes;
}
