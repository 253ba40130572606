import { type Prediction, PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { DURATION_LOG, streams, tripSubject } from "#kit/events/subjects.ts";
import type { Card } from "#kit/model/bundle.ts";
import { Problem } from "../problem.ts";
import type { Answers } from "./answers.ts";
import type { ParityRow } from "./rows.ts";

/** No new prediction for so long: the rest will not come. */
const SILENCE_MS = 30_000;
const PUBLISH_AT_ONCE = 256;

/** A consumer's way: trip events in, predictions out, through the stream and back. */
export async function consumeOverStream(
  events: Events,
  card: Card,
  rows: readonly ParityRow[],
): Promise<Answers> {
  for (let start = 0; start < rows.length; start += PUBLISH_AT_ONCE) {
    await Promise.all(
      rows.slice(start, start + PUBLISH_AT_ONCE).map(async ({ event }) => {
        if (!event?.body) throw new Error("a consumer needs an event");
        const body = TripEvent.encode(event).finish();
        await events.js.publish(tripSubject(event.tripId, event.body.$case), body, {
          msgID: event.eventId,
        });
      }),
    );
  }
  const subject = `predictions.${card.service}.live.*`;
  return readPredictions(events, subject, card, rows.length, "stream consumer");
}

/** duration's way: the predictions that it logged to the stream when it was called. */
export function readDurationLog(events: Events, card: Card, count: number): Promise<Answers> {
  return readPredictions(events, DURATION_LOG, card, count, "prediction log");
}

async function readPredictions(
  events: Events,
  subject: string,
  card: Card,
  count: number,
  mode: string,
): Promise<Answers> {
  const names = card.outputs.map(({ name }) => name);
  const kept = [names[0], names[1], names[2], ...names.filter((name) => name === "price_usd")];
  const outputs = Object.fromEntries(kept.map((name) => [name, new Float32Array(count)]));
  const hashes: string[] = new Array(count).fill("");
  const found = new Set<string>();
  const take = (prediction: Prediction) => {
    const i = Number(prediction.tripId.split("-").at(-1));
    const { value, lower, upper, priceUsd } = prediction;
    for (const [k, answer] of [value, lower, upper, priceUsd].entries()) {
      const output = outputs[kept[k] ?? ""];
      if (output) output[i] = answer;
    }
    if (prediction.intervalScale !== 1) throw new Error("the interval was scaled");
    hashes[i] = prediction.featureHash.toString("hex");
    found.add(prediction.tripId);
  };
  const consumer = await events.js.consumers.get(streams.predictions, {
    filter_subjects: [subject],
  });
  while (found.size < count) {
    const message = await consumer.next({ expires: SILENCE_MS });
    if (!message) {
      throw new Problem(`Only ${found.size} of ${count} predictions arrived by ${subject}.`);
    }
    for (const prediction of PredictionBatch.decode(message.data).predictions) take(prediction);
  }
  return { mode, setting: "as they come", outputs, hashes };
}
