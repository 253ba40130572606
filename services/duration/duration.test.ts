import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Prediction,
  PredictionBatch,
  PredictionRole,
} from "#gen/tripmesh/events/v1/prediction.ts";
import type { Events } from "#kit/events/connect.ts";
import { DURATION_LOG, streams } from "#kit/events/subjects.ts";
import { loadBundle } from "#kit/model/bundle.ts";
import { createPredictor, type Predictor } from "#kit/model/predictor.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { CallContext } from "#kit/rpc/handlers.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { readStream } from "../../test/harness/read-stream.ts";
import { until } from "../../test/harness/until.ts";
import { createPredictionLog } from "./prediction-log.ts";
import { createDurationService } from "./service.ts";

const log = pino({ level: "silent" });
let nats: TestNats;
let events: Events;
let predictor: Predictor;
beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
  predictor = await createPredictor(
    await loadBundle(new URL("../../models/duration/v1", import.meta.url).pathname),
  );
});
afterAll(async () => {
  await predictor?.close();
  await nats?.stop();
});

const features = {
  pickupZone: 74,
  dropoffZone: 236,
  pickupLocalSeconds: 1_612_166_400n,
  tripDistanceMiles: 3.1,
  passengerCount: undefined,
};

function call(headers: Record<string, string> = {}, cancelled = false): CallContext {
  const signal = cancelled ? AbortSignal.abort() : new AbortController().signal;
  return { header: (name) => headers[name], cancelled, signal, remainingMs: () => 1000 };
}

async function logged(): Promise<string[]> {
  const own = await nats.connect("reader"); // the service's may be on its way back
  const batches = await readStream(own, streams.predictions, DURATION_LOG, (m) =>
    PredictionBatch.decode(m.data),
  );
  return batches.flatMap((batch) => batch.predictions.map((p) => p.tripId));
}

describe("Predict", () => {
  const recorded: Prediction[] = [];
  const service = (scale = 1) =>
    createDurationService({
      predictor,
      slot: "green",
      intervalScale: () => scale,
      record: (p) => recorded.push(p),
    });

  test("says what answered, and logs trips but not quotes", async () => {
    const { card } = predictor;
    const answer = await service().predict({ tripId: "", features }, call());
    expect(answer).toMatchObject({ version: "v1", slot: "green", digest: card.digest });
    expect(answer.featureHash).toHaveLength(32);
    expect(recorded).toHaveLength(0);
    await service().predict({ tripId: "t1", features }, call());
    expect(recorded[0]).toMatchObject({ tripId: "t1", role: PredictionRole.LIVE });
    expect(recorded[0]?.value).toBe(answer.durationMinutes);
  });

  test("widens the interval by the scale, answers and logs it so, and leaves the value", async () => {
    const graph = await service().predict({ tripId: "t1", features }, call());
    const wide = await service(1.5).predict({ tripId: "t1", features }, call());
    expect(wide.durationMinutes).toBe(graph.durationMinutes);
    expect(wide.upperMinutes - wide.lowerMinutes).toBeCloseTo(
      1.5 * (graph.upperMinutes - graph.lowerMinutes),
      3,
    );
    const { lowerMinutes: lower, upperMinutes: upper } = wide;
    expect(recorded.at(-1)).toMatchObject({ lower, upper, intervalScale: 1.5 });
  });

  test("knows a mirrored request for a shadow", async () => {
    await service().predict({ tripId: "t2", features }, call({ "x-shadow": "1" }));
    expect(recorded.at(-1)?.role).toBe(PredictionRole.SHADOW);
  });

  test("names every field that no ride can have", async () => {
    const bad = { ...features, pickupZone: 0, tripDistanceMiles: Number.NaN };
    const error = await Promise.resolve(
      service().predict({ tripId: "", features: bad }, call()),
    ).then(() => undefined, MeshError.from);
    expect(error?.violations.map((v) => v.field)).toEqual([
      "features.pickup_zone",
      "features.trip_distance_miles",
    ]);
  });

  test("does not score for a caller who has gone", async () => {
    const gone = Promise.resolve(service().predict({ tripId: "", features }, call({}, true)));
    await expect(gone).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("the prediction log", () => {
  const prediction = (tripId: string): Prediction => ({ ...empty, tripId });
  const ids = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${prefix}${i}`);

  test("stores everything once, in few messages, and also what came last before a stop", async () => {
    const predictions = createPredictionLog(events, log, { flushMs: 5 });
    for (const id of ids("a", 1000)) predictions.record(prediction(id));
    await predictions.close();
    const found = (await logged()).filter((id) => id.startsWith("a"));
    expect(found).toEqual(ids("a", 1000));
  });

  test("keeps what fits while the stream is away, the newest, and stores it afterwards once", async () => {
    await nats.kill();
    const predictions = createPredictionLog(events, log, { flushMs: 5, maxWaiting: 50 });
    for (const id of ids("b", 80)) predictions.record(prediction(id));
    await nats.restart();
    const found = await until("the log is stored", async () => {
      const seen = (await logged()).filter((id) => id.startsWith("b"));
      return seen.length >= 50 ? seen : undefined;
    });
    expect(found).toEqual(ids("b", 80).slice(30));
    await predictions.close();
  });
});

const empty: Prediction = {
  tripId: "",
  riderId: "",
  eventSeq: 0,
  service: "duration",
  version: "v1",
  digest: "",
  slot: "blue",
  role: PredictionRole.LIVE,
  rolloutId: "",
  stage: 0,
  value: 1,
  lower: 1,
  upper: 1,
  intervalScale: 1,
  featureHash: Buffer.alloc(0),
  occurredAt: undefined,
  servedAt: undefined,
  latency: undefined,
  priceUsd: 0,
};
