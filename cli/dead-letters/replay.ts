import { jetstreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import type { Events } from "#kit/events/connect.ts";
import { REPLAY_HEADER, replaySubject } from "#kit/events/dead-letters.ts";
import { durableName, LEDGER_DURABLE, streams } from "#kit/events/subjects.ts";
import type { Slot } from "#kit/traffic/traffic.ts";
import type { StoredLetter } from "./read.ts";

/** What was done about one dead letter. */
export type Replayed =
  | { readonly id: number; readonly subject: string; readonly sequence: number }
  | { readonly id: number; readonly subject: string; readonly refused: string };

/**
 * Sends a dead letter again, to the one consumer that failed on it. The consumer's answer is keyed by trip,
 * sequence, service and version, so whatever it had done before takes effect once.
 *
 * The message id counts the replays: the same replay asked for twice at once is stored once.
 */
export async function replayLetter(events: Events, letter: StoredLetter): Promise<Replayed> {
  const subject = replaySubject(letter);
  const refused = await whyNot(events, letter);
  if (refused) return { id: letter.id, subject, refused };
  const hdrs = headers();
  hdrs.set(REPLAY_HEADER, String(letter.id));
  if (letter.traceparent !== "") hdrs.set("traceparent", letter.traceparent);
  const ack = await events.js.publish(subject, letter.payload, {
    msgID: `replay:${letter.id}:${letter.replays.length + 1}`,
    headers: hdrs,
    retries: 3,
  });
  return { id: letter.id, subject, sequence: ack.seq };
}

/** A replay that nobody reads would look like a cure. */
async function whyNot(events: Events, letter: StoredLetter): Promise<string | undefined> {
  const { stream, service, slot } = letter;
  const durable = stream === streams.trips ? durableName(service, slot as Slot) : LEDGER_DURABLE;
  if (stream !== streams.trips && stream !== streams.predictions) {
    return `it came from ${stream}, which nothing replays`;
  }
  const manager = await jetstreamManager(events.connection);
  try {
    await manager.consumers.info(stream, durable);
    return undefined;
  } catch {
    return `nobody reads it: ${stream} has no durable ${durable} (any more)`;
  }
}
