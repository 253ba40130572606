// Golden requests, asked of the real models.
import pino from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { GRPCInferenceServiceDefinition } from "#gen/inference/grpc_service.ts";
import {
  type PredictRequest,
  PredictResponse,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Card, loadBundle } from "#kit/model/bundle.ts";
import { inferenceService } from "#kit/model/inference-service.ts";
import { createPredictor, type Predictor } from "#kit/model/predictor.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { type RpcServer, serve } from "#kit/rpc/server.ts";
import { modelServices } from "#kit/traffic/traffic.ts";
import { askGolden, type Candidate } from "./golden.ts";

describe.each(modelServices)("%s", (service) => {
  let predictor: Predictor;
  let server: RpcServer;
  let inference: Client<typeof GRPCInferenceServiceDefinition>;
  let card: Card;
  const quoted: { request: PredictRequest; slot: string | undefined }[] = [];
  const duration = {
    async predict(request: PredictRequest, options: { headers?: Record<string, string> } = {}) {
      quoted.push({ request, slot: options.headers?.["x-slot"] });
      return PredictResponse.create();
    },
  };
  beforeAll(async () => {
    const folder = new URL(`../../models/${service}/v2`, import.meta.url).pathname;
    const bundle = await loadBundle(folder);
    card = bundle.card;
    predictor = await createPredictor(bundle);
    const log = pino({ level: "silent" });
    server = await serve([inferenceService(predictor)], { listen: "127.0.0.1:0", log });
    inference = createClient(GRPCInferenceServiceDefinition, server.address);
  });
  afterAll(async () => {
    inference?.close();
    await server?.close(100);
    await predictor?.close();
  });

  beforeEach(() => quoted.splice(0));

  const ask = (change: Partial<Candidate> = {}, told: Card = card) => {
    const { version, digest } = card;
    return askGolden(
      { inference, duration },
      { service, slot: "green", version, digest, ...change },
      told,
    );
  };
  const refused = (message: RegExp) => ({
    code: "FAILED_PRECONDITION",
    message: expect.stringMatching(message),
  });

  const isWarmed = service === "duration"; // nobody waits for a consumer's answers
  test(`that answers sanely is let in, ${isWarmed ? "warmed by quotes, which nobody logs" : "and not warmed"}`, async () => {
    await ask();
    expect(quoted).toHaveLength(isWarmed ? 20 : 0);
    for (const { request, slot } of quoted) {
      expect(request).toMatchObject({ tripId: "", features: { pickupZone: expect.any(Number) } });
      expect(slot).toBe("green");
    }
  });

  test("is refused as another version, and with another model file than at the start", async () => {
    await expect(ask({ version: "v3" })).rejects.toMatchObject(refused(/answers as v2, not v3/));
    await expect(ask({ digest: "0".repeat(64) })).rejects.toMatchObject(
      refused(/another model file than the rollout was started with \(SHA-256 0{64}\)/),
    );
  });

  test("is refused with a number outside of what its card promises", async () => {
    const [value, ...others] = card.outputs;
    if (!value) throw new Error("no outputs");
    const narrow = { ...card, outputs: [{ ...value, maximum: 0.0001 }, ...others] };
    await expect(ask({}, narrow)).rejects.toMatchObject(
      refused(new RegExp(`${value.name} of a golden request is [\\d.]+, not within`)),
    );
    expect(quoted).toEqual([]);
  });
});
