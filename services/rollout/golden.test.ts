import { expect, test } from "vitest";
import { type ModelInferRequest, ModelInferResponse } from "#gen/inference/grpc_service.ts";
import {
  type PredictRequest,
  PredictResponse,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Card, readCard } from "#kit/model/bundle.ts";
import { askGolden } from "./golden.ts";

const cardOf = (path: string) =>
  readCard(new URL(`../../models/${path}`, import.meta.url).pathname);

/** A candidate that answers 10 within 5 to 20 for each of the three rides, unless told otherwise. */
function candidate(card: Card, value = 10) {
  const asked: { request: PredictRequest; slot: string | undefined }[] = [];
  const within = ({ minimum = 0, maximum = 1_000 }: Card["outputs"][number], i: number) => {
    const answer = Math.min(Math.max([value, 5, 20][i] ?? 15, minimum), maximum);
    return Buffer.from(new Float32Array([answer, answer, answer]).buffer);
  };
  return {
    asked,
    inference: {
      modelInfer: async (_: ModelInferRequest) =>
        ({
          ...ModelInferResponse.create(),
          modelVersion: card.version,
          rawOutputContents: card.outputs.map(within),
        }) satisfies ModelInferResponse,
    },
    duration: {
      async predict(request: PredictRequest, options: { headers?: Record<string, string> } = {}) {
        asked.push({ request, slot: options.headers?.["x-slot"] });
        return PredictResponse.create();
      },
    },
  };
}

test("a candidate of duration is warmed by twenty quotes to its slot, which nobody logs", async () => {
  const card = await cardOf("duration/v2");
  const { asked, ...clients } = candidate(card);
  await askGolden(clients as never, card, "green");
  expect(asked).toHaveLength(20);
  for (const { request, slot } of asked) {
    expect(request).toMatchObject({ tripId: "", features: { pickupZone: expect.any(Number) } });
    expect(slot).toBe("green");
  }
});

test("an event consumer is not: nobody waits for its answers", async () => {
  const card = await cardOf("tip/v2");
  const { asked, ...clients } = candidate(card);
  await askGolden(clients as never, card, "green");
  expect(asked).toHaveLength(0);
});

test("a value outside its own interval is refused before that", async () => {
  const card = await cardOf("duration/v2");
  const { asked, ...clients } = candidate(card, 25);
  await expect(askGolden(clients as never, card, "green")).rejects.toMatchObject({
    code: "FAILED_PRECONDITION",
  });
  expect(asked).toHaveLength(0);
});
