import { jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { SentRow, Store } from "./store.ts";

/**
 * How many of the stream's last messages are compared one by one. What a server loses is the end of the
 * stream; what was on its way at the reconnection may already stand in the lost messages' places. So many
 * at most are on their way: 64 of each Backend process.
 */
const COMPARED = 1024;
const AT_ONCE = 64;

/**
 * Compares the outbox with the stream and makes unsent again what was acknowledged and is not there: rows
 * above the stream's last sequence, and rows whose place is taken by another message.
 */
export async function reconcile(events: Events, store: Store, log: Logger): Promise<void> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  const { state } = await manager.streams.info(streams.trips);
  const above = await store.resendAbove(state.last_seq);
  const rows = await store.sentAbove(Math.max(state.last_seq - COMPARED, 0));
  const lost: SentRow[] = [];
  for (let start = 0; start < rows.length; start += AT_ONCE) {
    const part = rows.slice(start, start + AT_ONCE);
    const isThere = await Promise.all(
      part.map(async ({ streamSeq, eventId }) => {
        const message = await manager.streams.getMessage(streams.trips, { seq: streamSeq });
        return message?.header.get("Nats-Msg-Id") === eventId;
      }),
    );
    lost.push(...part.filter((_, i) => !isThere[i]));
  }
  if (lost.length > 0) await store.resend(lost.map(({ id }) => id));
  if (above + lost.length > 0) {
    log.warn(
      { above, replaced: lost.length, lastSeq: state.last_seq },
      "the stream lost acknowledged events; sent again",
    );
  }
}
