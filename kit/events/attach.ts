import { setTimeout as sleep } from "node:timers/promises";
import type { ConsumerMessages } from "@nats-io/jetstream";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Events } from "./connect.ts";
import { isMissing } from "./missing.ts";

export interface AttachOptions {
  readonly stream: string;
  readonly durable: string;
  /** How far the library reads ahead. */
  readonly maxMessages: number;
  /** How long a durable that does not exist is waited for, ms. */
  readonly withinMs: number;
  /** Gives the waiting up. */
  readonly signal: AbortSignal;
}

const AGAIN_MS = 250;
/**
 * How long the server keeps a request for messages. Half of it is the heartbeat, and all of it is the library's
 * pause when a server that came back does not answer at once: with the default of 30 s events would lie that long.
 */
const EXPIRES_MS = 2_000;

/**
 * The messages of a durable, once it is there; undefined when the signal ended the waiting. Fails when
 * the server says for too long that there is no such durable; a server that does not answer is waited for.
 */
export async function attach(
  events: Events,
  { stream, durable, maxMessages, withinMs, signal }: AttachOptions,
): Promise<ConsumerMessages | undefined> {
  const deadline = performance.now() + withinMs;
  while (!signal.aborted) {
    try {
      const consumer = await events.js.consumers.get(stream, durable);
      // Without `abort_on_missing_resource` the library retries a deleted durable for ever, in silence.
      return await consumer.consume({
        max_messages: maxMessages,
        expires: EXPIRES_MS,
        abort_on_missing_resource: true,
      });
    } catch (cause) {
      if (withinMs === 0 || (isMissing(cause) && performance.now() > deadline)) {
        throw new MeshError("UNAVAILABLE", `the durable ${durable} on ${stream} is gone`, {
          cause,
        });
      }
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    }
  }
  return undefined;
}
