import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { Slot } from "#kit/traffic/traffic.ts";
import type { Events } from "./connect.ts";
import { storeDeadLetter } from "./dead-letters.ts";

/** Waits before the 2nd, 3rd … delivery of a message that failed, ms; the same as its durable's back-off. */
const retryDelaysMs = [5_000, 15_000, 60_000, 300_000];

export interface ConsumeOptions<T> {
  readonly stream: string;
  /** The durable, made by provisioning; any number of processes may share it. */
  readonly durable: string;
  /** Most messages handled at once, which is also how far the process reads ahead. Default 64. */
  readonly maxInFlight?: number;
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
  readonly log: Logger;
}

export interface Consumer {
  /** Settles only by failing: when the durable or its stream is gone. */
  readonly failed: Promise<never>;
  /** Takes no more, finishes what is in hand. */
  stop(): Promise<void>;
}

/** Reads a durable with bounded concurrency and acknowledges after the effect. */
export async function consume<T>(events: Events, options: ConsumeOptions<T>): Promise<Consumer> {
  const { maxInFlight = 64, isOwn = () => true, log } = options;
  const durable = await events.js.consumers.get(options.stream, options.durable);
  // Without `abort_on_missing_resource` the library retries a deleted durable for ever, in silence.
  const messages = await durable.consume({
    max_messages: maxInFlight,
    abort_on_missing_resource: true,
  });
  const inFlight = new Set<Promise<void>>();
  let stopping = false;

  const reading = (async () => {
    for await (const message of messages) {
      if (!isOwn(message.subject)) {
        message.ack();
        continue;
      }
      const work = handleOne(events, options, message)
        .catch((cause: unknown) => log.error({ err: cause }, "a message could not be settled"))
        .finally(() => inFlight.delete(work));
      inFlight.add(work);
      if (inFlight.size >= maxInFlight) await Promise.race(inFlight);
    }
  })();
  watchStatus(messages, log);

  const failed = reading.then(
    () => (stopping ? new Promise<never>(() => {}) : gone(options)),
    (cause: unknown) => gone(options, cause),
  );
  failed.catch(() => undefined); // nobody has to watch it

  return {
    failed,
    async stop() {
      stopping = true;
      await messages.close();
      await Promise.all(inFlight);
    },
  };
}

async function handleOne<T>(
  events: Events,
  options: ConsumeOptions<T>,
  message: JsMsg,
): Promise<void> {
  const { log } = options;
  let event: T;
  try {
    event = options.decode(message.data);
  } catch (cause) {
    return bury(events, options, message, `the body cannot be read: ${cause}`);
  }
  try {
    await options.handle(event, message);
    message.ack();
  } catch (cause) {
    const error = MeshError.from(cause);
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
  }
}

/** Puts a message aside, byte for byte, and only then takes it out of the queue. */
async function bury<T>(
  events: Events,
  { owner, stream, durable, log }: ConsumeOptions<T>,
  message: JsMsg,
  reason: string,
): Promise<void> {
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
}

function gone({ durable, stream }: { durable: string; stream: string }, cause?: unknown): never {
  throw new MeshError("UNAVAILABLE", `the durable ${durable} on ${stream} is gone`, { cause });
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
