import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { type CallOptions, type Client, createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { newTraceparent } from "../../gateway/page/trace.ts";
import { Problem } from "../problem.ts";

/** Time for one answer, ms; the mesh itself answers in tens. */
const TIMEOUT_MS = 5_000;

export interface CallTarget {
  readonly edge: string;
  readonly rider: string;
}

/** Calls Backend through the edge with a client that is closed again afterwards. */
export async function callBackend<T>(
  { edge, rider }: CallTarget,
  call: (backend: Client<typeof BackendServiceDefinition>, options: CallOptions) => Promise<T>,
): Promise<T> {
  const backend = createClient(BackendServiceDefinition, edge);
  try {
    const headers = { "x-rider-id": rider, traceparent: newTraceparent() };
    return await call(backend, { timeoutMs: TIMEOUT_MS, headers });
  } catch (cause) {
    throw explain(cause, edge);
  } finally {
    backend.close();
  }
}

/** Nobody there is the most frequent error, and the transport's words for it help nobody. */
export function explain(cause: unknown, edge: string): unknown {
  if (!(cause instanceof MeshError) || cause.code !== "UNAVAILABLE") return cause;
  if (!/ECONNREFUSED|No connection established|ENOTFOUND/.test(cause.message)) return cause;
  return new Problem(
    `No mesh answers at ${edge}: start one with mesh up, or name it with --edge.`,
    {
      cause,
    },
  );
}
