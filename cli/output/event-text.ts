import { z } from "zod";
import type { StoredEvent } from "../client/tail-events.ts";

const tripEvent = z.looseObject({
  seq: z.number().default(0),
  riderId: z.string().default(""),
  occurredAt: z.string().default(""),
  progressed: z.looseObject({ shareDone: z.number().default(0) }).optional(),
});

const batch = z.object({
  predictions: z
    .array(
      z.looseObject({
        tripId: z.string().default(""),
        eventSeq: z.number().default(0),
        version: z.string().default(""),
        slot: z.string().default(""),
        value: z.number().default(0),
        lower: z.number().default(0),
        upper: z.number().default(0),
      }),
    )
    .default([]),
});

/** One line: when it was stored, its subject, what matters in it. */
export function eventLine({ storedAt, subject, body }: StoredEvent): string {
  const time = storedAt.toISOString().slice(11, 23);
  return `${time}  ${subject}  ${keyFields(subject, body)}`.trimEnd();
}

function keyFields(subject: string, body: unknown): string {
  if (!subject.startsWith("predictions.")) {
    const event = tripEvent.safeParse(body);
    if (!event.success) return "unreadable";
    const { seq, riderId, occurredAt, progressed } = event.data;
    const done = progressed ? ` done=${Math.round(progressed.shareDone * 100)}%` : "";
    return `seq=${seq} rider=${riderId} at=${occurredAt}${done}`;
  }
  const read = batch.safeParse(body);
  if (!read.success) return "unreadable";
  const { predictions } = read.data;
  const [first] = predictions;
  if (!first || predictions.length > 1) return `${predictions.length} predictions`;
  const { eventSeq, version, slot, value, lower, upper } = first;
  const range = `${value.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})`;
  return `seq=${eventSeq} ${range} ${version} ${slot}`;
}
