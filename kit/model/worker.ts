// The thread that owns the ONNX session: `run()` blocks whatever thread calls it.
import { parentPort, workerData } from "node:worker_threads";
import { Tensor } from "onnxruntime-node";
import { type Column, toColumns } from "./columns.ts";
import { hashRows } from "./hash-rows.ts";
import { loadSession, type Promised } from "./load-session.ts";

/** A batch: numeric rows, row after row in card order, or whole columns in card order. */
export type BatchRequest =
  | { readonly rows: Float64Array; readonly count: number }
  | { readonly columns: readonly Column[]; readonly count: number };

/** `outputs`: the first output of every row, then the second …; `hashes`: 32 bytes a row, none for columns. */
export type BatchReply =
  | { readonly outputs: Float32Array; readonly hashes: Uint8Array }
  | { readonly error: string };

export interface WorkerData extends Promised {
  readonly model: Uint8Array;
}

if (!parentPort) throw new Error("worker.ts runs only as a worker thread");
const port = parentPort;
const { model, inputs, outputs } = workerData as WorkerData;
const { session, isMatrix } = await loadSession(model, { inputs, outputs });

port.on("message", (request: BatchRequest) => void answer(request));
port.postMessage("ready");

async function answer(request: BatchRequest): Promise<void> {
  const { count } = request;
  try {
    const columns = "rows" in request ? toColumns(request.rows, count, inputs) : request.columns;
    const hashes = "rows" in request ? hashRows(columns, count) : new Uint8Array();
    const results = await session.run(toFeeds(columns, count));
    const flat = new Float32Array(count * outputs.length);
    outputs.forEach((output, i) => {
      flat.set(results[output.name]?.data as Float32Array, i * count);
    });
    port.postMessage({ outputs: flat, hashes } satisfies BatchReply, [flat.buffer, hashes.buffer]);
  } catch (cause) {
    port.postMessage({ error: String(cause) } satisfies BatchReply);
  }
}

function toFeeds(columns: readonly Column[], count: number): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  inputs.forEach(({ name, dtype }, i) => {
    feeds[name] = new Tensor(dtype, columns[i] as Float32Array, isMatrix[i] ? [count, 1] : [count]);
  });
  return feeds;
}
