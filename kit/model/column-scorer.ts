import { MeshError } from "#kit/rpc/errors.ts";
import type { Bundle, Card } from "./bundle.ts";
import type { Column } from "./columns.ts";
import { startWorker } from "./start-worker.ts";
import type { BatchReply, BatchRequest } from "./worker.ts";

/** Scores many rows at a time, by column: for evaluation, parity and batch jobs. */
export interface ColumnScorer {
  readonly card: Card;
  /**
   * One array an output, in card order, from one column an input, in card order, all of `count` rows.
   * NaN comes back as NaN: the caller knows which row to blame. Call it again once it has answered.
   *
   * Fails with INVALID_ARGUMENT for columns that do not fit the card, INTERNAL when the model fails.
   */
  score(columns: readonly Column[], count: number): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** The same worker and session as behind a service's `Predictor`, fed with columns. */
export async function createColumnScorer(bundle: Bundle): Promise<ColumnScorer> {
  const { card } = bundle;
  const worker = await startWorker(bundle);
  return {
    card,
    async score(columns, count) {
      checkColumns(card, columns, count);
      if (count === 0) return card.outputs.map(() => new Float32Array());
      const reply = await new Promise<BatchReply>((resolve, reject) => {
        const failed = (cause: Error) => reject(cause);
        worker.once("error", failed);
        worker.once("message", (message: BatchReply) => {
          worker.off("error", failed);
          resolve(message);
        });
        worker.postMessage({ columns, count } satisfies BatchRequest);
      });
      if ("error" in reply) {
        throw new MeshError("INTERNAL", `the model failed: ${reply.error}`);
      }
      return card.outputs.map((_, i) => reply.outputs.subarray(i * count, (i + 1) * count));
    },
    async close() {
      await worker.terminate();
    },
  };
}

const kinds = { int64: "BigInt64Array", float32: "Float32Array", string: "Array" } as const;

function checkColumns(card: Card, columns: readonly Column[], count: number): void {
  card.inputs.forEach(({ name, dtype }, i) => {
    const column = columns[i];
    const kind = column?.constructor.name;
    if (kind === kinds[dtype] && column?.length === count) return;
    const found = column ? `${column.length} values in a ${kind}` : "no column";
    throw new MeshError(
      "INVALID_ARGUMENT",
      `${card.service}@${card.version}: ${name} needs ${count} values in a ${kinds[dtype]}, not ${found}`,
    );
  });
}
