import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { failpoint } from "#kit/lifecycle/failpoint.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { noteFailure } from "#kit/telemetry/span.ts";
import type { Slot } from "#kit/traffic/traffic.ts";
import { attach } from "./attach.ts";
import type { Events } from "./connect.ts";
import { storeDeadLetter } from "./dead-letters.ts";
import { createHands } from "./hands.ts";
import { measureProcess, type Outcome } from "./measure-process.ts";
import { traceProcess } from "./trace-message.ts";

/** Waits before the 2nd, 3rd … delivery of a message that failed, ms; the same as its durable's back-off. */
const retryDelaysMs = [5_000, 15_000, 60_000, 300_000];

export interface ConsumeOptions<T> {
  readonly stream: string;
  /** The durable, made by provisioning; any number of processes may share it. */
  readonly durable: string;
  /** Most messages handled at once. Default 64. */
  readonly maxInFlight?: number;
  /** Longest time for one message, ms; then it has failed and is tried again later. Default 60 000. */
  readonly handleWithinMs?: number;
  /** Longest time to wait for a durable that was deleted to be made again, ms. Default 30 000. */
  readonly attachWithinMs?: number;
  /** Whether a message is the consumer's, by its subject; others are acknowledged unread. Default: all are. */
  readonly isOwn?: (subject: string) => boolean;
  /** Reads a message's body; what cannot be read is a dead letter. */
  readonly decode: (bytes: Uint8Array) => T;
  /**
   * Does the work; the message is acknowledged once it has resolved, so its effect must be stored by then.
   * INVALID_ARGUMENT says that no retry will help; anything else is tried again.
   */
  readonly handle: (event: T, message: JsMsg) => Promise<void>;
  /** Under whose name a message that cannot be handled is put aside. */
  readonly owner: { readonly service: string; readonly slot: Slot };
  /** The durable was lost (false) or is there again (true): whether this process takes part in the work. */
  readonly onAttached?: (attached: boolean) => void;
  readonly log: Logger;
}

export interface Consumer {
  /** Settles only by failing: when the durable or its stream is gone and nobody makes it again. */
  readonly failed: Promise<never>;
  /** Takes no more, finishes what is in hand. */
  stop(): Promise<void>;
}

/**
 * Reads a durable with bounded concurrency and acknowledges after the effect.
 *
 * Everything in hand is reported to the server as in progress, so that work longer than the durable's first
 * back-off is not given to somebody else. A durable that is deleted is waited for: provisioning makes it
 * again, services have no right to.
 */
export async function consume<T>(events: Events, options: ConsumeOptions<T>): Promise<Consumer> {
  const { maxInFlight = 64, handleWithinMs = 60_000, attachWithinMs = 30_000 } = options;
  const { isOwn = () => true, log } = options;
  const hands = createHands({
    maxInFlight,
    handleWithinMs,
    settle: (message, overdue) =>
      traceProcess(message, () =>
        measureProcess(message, () => settle(events, options, message, overdue)),
      ).catch((cause: unknown) => log.error({ err: cause }, "a message could not be settled")),
  });
  const stopping = new AbortController();
  const join = (withinMs: number) =>
    attach(events, { ...options, maxMessages: maxInFlight, withinMs, signal: stopping.signal });
  let messages: ConsumerMessages | undefined = await join(0); // a start without it is a mistake

  const failed = (async (): Promise<never> => {
    while (messages) {
      watchStatus(messages, log);
      try {
        for await (const message of messages) {
          if (isOwn(message.subject)) await hands.take(message);
          else message.ack();
        }
      } catch (cause) {
        log.warn({ err: cause, durable: options.durable }, "the durable cannot be read");
      }
      if (stopping.signal.aborted) break;
      log.error(
        { durable: options.durable },
        "the durable is gone: waiting for it to be made again",
      );
      options.onAttached?.(false);
      messages = await join(attachWithinMs);
      if (messages) {
        log.info({ durable: options.durable }, "the durable is there again");
        options.onAttached?.(true);
      }
    }
    return new Promise<never>(() => {}); // stopped
  })();
  failed.catch(() => undefined); // nobody has to watch it
  return {
    failed,
    async stop() {
      stopping.abort();
      await messages?.close();
      await hands.empty();
    },
  };
}

/** Handles one message and tells the server how that went; `overdue` rejects when it took too long. */
async function settle<T>(
  events: Events,
  options: ConsumeOptions<T>,
  message: JsMsg,
  overdue: Promise<never>,
): Promise<Outcome> {
  const { log } = options;
  failpoint("consume.received");
  let event: T;
  try {
    event = options.decode(message.data);
  } catch (cause) {
    return bury(events, options, message, `the body cannot be read: ${cause}`);
  }
  try {
    await Promise.race([options.handle(event, message), overdue]);
    failpoint("consume.handled");
    message.ack();
    failpoint("consume.acknowledged");
    return "done";
  } catch (cause) {
    const error = MeshError.from(cause);
    noteFailure(error);
    if (error.code === "INVALID_ARGUMENT") return bury(events, options, message, error.message);
    const deliveries = message.info.deliveryCount;
    log.warn(
      { err: error.cause ?? error, subject: message.subject, deliveries },
      "an event failed",
    );
    if (deliveries > retryDelaysMs.length) {
      return bury(events, options, message, `failed ${deliveries} times: ${error.message}`);
    }
    message.nak(retryDelaysMs[deliveries - 1] ?? 0);
    return "failed";
  }
}

/** Puts a message aside, byte for byte, and only then takes it out of the queue. */
async function bury<T>(
  events: Events,
  { owner, stream, durable, log }: ConsumeOptions<T>,
  message: JsMsg,
  reason: string,
): Promise<"dead"> {
  const letter = {
    payload: Buffer.from(message.data),
    subject: message.subject,
    stream,
    streamSeq: BigInt(message.seq),
    service: owner.service,
    slot: owner.slot,
    reason,
    deliveries: message.info.deliveryCount,
    failedAt: new Date(),
  };
  await storeDeadLetter(events, letter, durable);
  message.term(reason);
  log.error({ subject: message.subject, reason }, "an event became a dead letter");
  return "dead";
}

function watchStatus(messages: ConsumerMessages, log: Logger): void {
  void (async () => {
    for await (const status of messages.status()) {
      if (status.type === "heartbeats_missed" || status.type.endsWith("_not_found")) {
        log.warn({ status: status.type }, "the durable does not answer");
      }
    }
  })();
}
