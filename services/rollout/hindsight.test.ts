import pino from "pino";
import { expect, test } from "vitest";
import { PredictResponse } from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { until } from "../../test/harness/until.ts";
import { createHindsight } from "./hindsight.ts";

const event = (tripId: string) =>
  TripEvent.fromPartial({ tripId, riderId: "r", seq: 1, features: { pickupZone: 74 } });

function ask(predict: (slot: string, signal: AbortSignal | undefined) => Promise<void>) {
  const asked: string[] = [];
  const published: Prediction[] = [];
  const hindsight = createHindsight({
    rolloutId: "x",
    duration: {
      async predict(_, options) {
        const slot = String(options?.headers?.["x-slot"]);
        asked.push(slot);
        await predict(slot, options?.signal);
        return PredictResponse.fromPartial({ version: "v2", durationMinutes: 7 });
      },
    },
    publish: async (prediction) => void published.push(prediction),
    log: pino({ level: "silent" }),
  });
  return { asked, published, hindsight };
}

test("only the version that has not answered is asked, once the trip has ended", async () => {
  const { asked, published, hindsight } = ask(async () => undefined);
  hindsight.requested(event("a"));
  hindsight.answered("a", "blue");
  expect(asked).toEqual([]);
  hindsight.completed("a");
  hindsight.completed("a"); // again, as after a redelivery
  await until("it is stored", () => published.length > 0);
  expect(asked).toEqual(["green"]);
  expect(published).toMatchObject([
    { tripId: "a", slot: "green", role: PredictionRole.HINDSIGHT, value: 7, rolloutId: "x" },
  ]);
  await hindsight.stop();
});

test("a trip that both have answered asks nobody, nor does one that began before", async () => {
  const { asked, hindsight } = ask(async () => undefined);
  hindsight.answered("a", "blue"); // a prediction may be read before its trip
  hindsight.requested(event("a"));
  hindsight.answered("a", "green");
  hindsight.completed("a");
  hindsight.completed("older");
  await hindsight.stop();
  expect(asked).toEqual([]);
});

test("a few at a time, and a version that is away is asked again a few times, not for ever", async () => {
  let atOnce = 0;
  let most = 0;
  const { asked, hindsight } = ask(async () => {
    most = Math.max(most, ++atOnce);
    await Promise.resolve();
    atOnce--;
    throw new MeshError("UNAVAILABLE", "away");
  });
  for (let i = 0; i < 20; i++) {
    hindsight.requested(event(`${i}`));
    hindsight.answered(`${i}`, "blue");
    hindsight.completed(`${i}`);
  }
  await until("the first ones were asked again", () => asked.length >= 8);
  expect(most).toBeLessThanOrEqual(4);
  await hindsight.stop();
  const count = asked.length;
  expect(count).toBeLessThan(20);
});

test("a stop does not wait for those who do not answer", async () => {
  const { asked, hindsight } = ask(
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  hindsight.requested(event("a"));
  hindsight.answered("a", "blue");
  hindsight.completed("a");
  expect(asked.length).toBe(1);
  const began = performance.now();
  await hindsight.stop();
  expect(performance.now() - began).toBeLessThan(500);
});
