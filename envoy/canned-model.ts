// A model process with canned answers, to stand in a slot in tests of the mesh.
import { GRPCInferenceServiceDefinition } from "#gen/inference/grpc_service.ts";
import {
  DurationServiceDefinition,
  PredictRequest,
  PredictResponse,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import type { CallContext } from "#kit/rpc/handlers.ts";
import { handle } from "#kit/rpc/server.ts";
import { cohortKey } from "#kit/traffic/arm.ts";
import { serveFor, type Trial } from "./trial.ts";

const { serverMetadata } = GRPCInferenceServiceDefinition.methods;
export const Inference = {
  ...GRPCInferenceServiceDefinition,
  methods: { serverMetadata },
} as const;

export interface CannedModel {
  readonly address: string;
  /** Calls that were no copies. */
  live(): number;
  /** Copies by Envoy's mirror. */
  shadows(): number;
  /** Headers of the last copy, by name. */
  lastShadow(name: string): string | undefined;
  /** From now on copies get no answer. */
  hang(): void;
  close(): Promise<void>;
}

/** Answers every call with its own name; the header `x-slow` asks for no answer at all. */
export async function serveModel(trial: Trial, name: string): Promise<CannedModel> {
  let live = 0;
  let shadows = 0;
  let lastShadow: CallContext | undefined;
  let hangs = false;
  const silent = (context: CallContext) =>
    new Promise<PredictResponse>((resolve) =>
      context.signal.addEventListener("abort", () => resolve(PredictResponse.create())),
    );
  const server = await serveFor(trial, [
    handle(DurationServiceDefinition, {
      predict(_, context) {
        const isShadow = context.header("x-shadow") === "1";
        if (isShadow) lastShadow = context;
        if (isShadow) shadows++;
        else live++;
        if (context.header("x-slow") || (isShadow && hangs)) return silent(context);
        return PredictResponse.fromPartial({ slot: name });
      },
    }),
    handle(Inference, { serverMetadata: () => ({ name, version: "", extensions: [] }) }),
  ]);
  return {
    address: server.address,
    live: () => live,
    shadows: () => shadows,
    lastShadow: (header) => lastShadow?.header(header),
    hang() {
      hangs = true;
    },
    close: () => server.close(0),
  };
}

/** Asks a mesh listener; the answer is the name of the model that gave it. */
export interface Asking {
  predict(headers: Record<string, string>): Promise<string>;
  /** As Backend asks for a rider. */
  predictFor(salt: string, rider: string, headers?: Record<string, string>): Promise<string>;
  infer(headers: Record<string, string>): Promise<string>;
}

export function askThrough(trial: Trial): Asking {
  const duration: Client<typeof DurationServiceDefinition> = createClient(
    DurationServiceDefinition,
    trial.envoy.mesh,
  );
  const inference = createClient(Inference, trial.envoy.mesh);
  trial.defer(() => duration.close());
  trial.defer(() => inference.close());
  const predict = async (headers: Record<string, string>) =>
    (await duration.predict(PredictRequest.create(), { timeoutMs: 5000, headers })).slot;
  return {
    predict,
    predictFor: (salt, rider, headers = {}) =>
      predict({ "x-cohort-key": cohortKey(salt, rider), "x-rider-id": rider, ...headers }),
    infer: async (headers) =>
      (await inference.serverMetadata({}, { timeoutMs: 5000, headers })).name,
  };
}

/** Asks for everybody, not all at once: on a busy machine the last would wait beyond the route's timeout. */
export async function ofAll<T>(
  riders: readonly string[],
  ask: (rider: string) => Promise<T>,
): Promise<T[]> {
  const found: T[] = [];
  for (let from = 0; from < riders.length; from += 50) {
    found.push(...(await Promise.all(riders.slice(from, from + 50).map(ask))));
  }
  return found;
}
