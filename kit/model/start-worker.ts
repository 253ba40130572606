import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Bundle } from "./bundle.ts";
import type { WorkerData } from "./worker.ts";

/** A worker thread that has loaded the model. Fails with FAILED_PRECONDITION, naming file and reason. */
export async function startWorker(bundle: Bundle): Promise<Worker> {
  const { inputs, outputs, service, version } = bundle.card;
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: { model: bundle.model, inputs, outputs } satisfies WorkerData,
  });
  try {
    await once(worker, "message");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new MeshError(
      "FAILED_PRECONDITION",
      `${service}@${version} cannot be loaded from ${bundle.path}: ${reason}`,
      { cause },
    );
  }
  return worker;
}
