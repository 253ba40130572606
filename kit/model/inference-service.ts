import { GRPCInferenceServiceDefinition } from "#gen/inference/grpc_service.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Handlers } from "#kit/rpc/handlers.ts";
import { handle, type Registration } from "#kit/rpc/server.ts";
import { readRequestRows, writeResponse } from "./inference-tensors.ts";
import type { Predictor } from "./predictor.ts";

const datatypes = { int64: "INT64", float32: "FP32", string: "BYTES" } as const;

/** The Open Inference Protocol V2 for the one model of this process. */
export function inferenceService(predictor: Predictor): Registration {
  const { service, version, digest, inputs, outputs } = predictor.card;
  const checkModel = (name: string, wanted: string) => {
    if (name === service && (wanted === "" || wanted === version)) return;
    throw new MeshError(
      "NOT_FOUND",
      `Request for unknown model: ${name}${wanted && ` version ${wanted}`}; this process serves ${service} version ${version}`,
    );
  };
  const describe = ({ name, dtype }: (typeof inputs)[number]) => ({
    name,
    datatype: datatypes[dtype],
    shape: [-1n],
  });
  const handlers: Handlers<typeof GRPCInferenceServiceDefinition> = {
    serverLive: () => ({ live: true }),
    serverReady: () => ({ ready: true }),
    modelReady({ name, version: wanted }) {
      checkModel(name, wanted);
      return { ready: true };
    },
    serverMetadata: () => ({ name: "tripmesh", version: "0.1.0", extensions: [] }),
    modelMetadata({ name, version: wanted }) {
      checkModel(name, wanted);
      return {
        name,
        versions: [version],
        platform: "onnx_onnxv1",
        inputs: inputs.map(describe),
        outputs: outputs.map(describe),
        properties: { digest },
      };
    },
    async modelInfer(request) {
      checkModel(request.modelName, request.modelVersion);
      const scores = await predictor.predictAll(readRequestRows(request, inputs));
      return writeResponse(request, predictor.card, scores);
    },
  };
  return handle(GRPCInferenceServiceDefinition, handlers, { isLeaf: true });
}
