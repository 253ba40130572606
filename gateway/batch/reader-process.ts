// Reads results databases for the console: SQLite blocks its thread, and riders' streams must not wait for that.
// `node reader-process.ts`; questions come from the parent, answers go back to it.
import { MeshError } from "#kit/rpc/errors.ts";
import { createReadBatch } from "./read-batch.ts";
import type { BatchAnswer, BatchQuestion } from "./reader.ts";

const { MESH_BATCH_JOBS: jobsDir = "", MESH_BATCH_CWD: cwd = "" } = process.env;
const read = createReadBatch({ jobsDir, cwd, env: process.env });

process.on("disconnect", () => process.exit(0)); // nobody asks any more
process.on("message", ({ id, question }: { id: number; question: BatchQuestion }) => {
  void answer(id, question).then((told) => process.send?.(told)); // it never fails: errors are answers, too
});

async function answer(id: number, question: BatchQuestion): Promise<BatchAnswer> {
  try {
    return { id, json: JSON.stringify(await ask(question)) };
  } catch (cause) {
    const { code, message } = MeshError.from(cause);
    return { id, code, message };
  }
}

function ask(question: BatchQuestion): Promise<object> {
  if (question.about === "jobs") return read.jobs();
  if (question.about === "runs") return read.runs();
  return read.report(question.job, question.runId);
}
