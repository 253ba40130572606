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
   * NaN comes back as NaN: the caller knows which row to blame. Calls wait for each other in their order; a
   * second one that is there already saves the worker from waiting for it.
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
  // The worker answers in the order in which it was asked.
  const waiting: { resolve(reply: BatchReply): void; reject(cause: unknown): void }[] = [];
  let dead: MeshError | undefined;
  const die = (reason: string, cause?: unknown) => {
    dead ??= new MeshError("UNAVAILABLE", reason, { cause });
    for (const call of waiting.splice(0)) call.reject(dead);
  };
  worker.on("message", (reply: BatchReply) => waiting.shift()?.resolve(reply));
  worker.on("error", (cause) => die("the model worker failed", cause));
  worker.on("exit", (code) => die(`the model worker exited with ${code}`));
  return {
    card,
    async score(columns, count) {
      checkColumns(card, columns, count);
      if (count === 0) return card.outputs.map(() => new Float32Array());
      if (dead) throw dead;
      const { promise, resolve, reject } = Promise.withResolvers<BatchReply>();
      waiting.push({ resolve, reject });
      worker.postMessage({ columns, count } satisfies BatchRequest);
      const reply = await promise;
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
