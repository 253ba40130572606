import { jetstreamManager } from "@nats-io/jetstream";
import { z } from "zod";
import type { Events } from "#kit/events/connect.ts";
import { type Consumer, consume } from "#kit/events/consume.ts";
import { storeDeadLetter } from "#kit/events/dead-letters.ts";
import { LEDGER_DURABLE, OFFICE_DURABLE, streams } from "#kit/events/subjects.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { consumerServices, slots } from "#kit/traffic/traffic.ts";

const advisory = z.object({
  stream: z.string(),
  consumer: z.string(),
  stream_seq: z.number().int().positive(),
  deliveries: z.number().int(),
});

/**
 * Puts aside what a consumer never could: an event that kills the process takes the code that would bury it
 * down too. The server tells when it has delivered a message for the last time, and those notes are kept in
 * a stream. From there the original is copied, byte for byte. A letter that the consumer has written itself
 * has the same id and stays alone.
 */
export async function openDeadLetterOffice(events: Events, log: Logger): Promise<Consumer> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  return consume(events, {
    stream: streams.advisories,
    durable: OFFICE_DURABLE,
    decode: (bytes) => advisory.parse(JSON.parse(Buffer.from(bytes).toString())),
    async handle({ stream, consumer: durable, stream_seq: seq, deliveries }) {
      const owner = ownerOf(durable);
      if (!owner) return; // a consumer of somebody else's
      const original = await manager.streams.getMessage(stream, { seq });
      if (!original) {
        log.error({ stream, seq, durable }, "an event was given up, and the stream has lost it");
        return;
      }
      const reason = `delivered ${deliveries} times and never settled: its process may have died each time`;
      await storeDeadLetter(
        events,
        {
          payload: Buffer.from(original.data),
          subject: original.subject,
          stream,
          streamSeq: BigInt(seq),
          ...owner,
          reason,
          deliveries,
          failedAt: new Date(),
        },
        durable,
      );
      log.error({ subject: original.subject, durable, reason }, "an event became a dead letter");
    },
    owner: { service: "backend", slot: "blue" },
    log,
  });
}

/** Service and slot of one of the mesh's own durables. */
function ownerOf(durable: string): { service: string; slot: string } | undefined {
  if (durable === LEDGER_DURABLE) return { service: "backend", slot: "blue" };
  for (const service of consumerServices) {
    for (const slot of slots) if (durable === `${service}-${slot}`) return { service, slot };
  }
  return undefined;
}
