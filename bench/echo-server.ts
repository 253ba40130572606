// The least that answers Predict in this language: grpc-js and the generated codec, nothing else.
import * as grpc from "@grpc/grpc-js";
import { PredictRequest, PredictResponse } from "#gen/tripmesh/duration/v1/duration_service.ts";

const digest = "0".repeat(64);
const featureHash = Buffer.alloc(32, 7);

const server = new grpc.Server();
server.addService(
  {
    predict: {
      path: "/tripmesh.duration.v1.DurationService/Predict",
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: PredictRequest) =>
        Buffer.from(PredictRequest.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) => PredictRequest.decode(bytes),
      responseSerialize: (value: PredictResponse) => {
        const bytes = PredictResponse.encode(value).finish();
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      },
      responseDeserialize: (bytes: Buffer) => PredictResponse.decode(bytes),
    },
  },
  {
    predict(
      call: grpc.ServerUnaryCall<PredictRequest, PredictResponse>,
      reply: grpc.sendUnaryData<PredictResponse>,
    ) {
      const miles = call.request.features?.tripDistanceMiles ?? 0;
      reply(null, {
        durationMinutes: miles,
        lowerMinutes: miles,
        upperMinutes: miles,
        priceUsd: miles,
        version: "v1",
        slot: "blue",
        digest,
        featureHash,
      });
    },
  },
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.({ ready: true, listening: { rpc: `127.0.0.1:${port}` } });
});
for (const event of ["SIGTERM", "disconnect"]) process.on(event, () => process.exit(0));
