import { randomUUID } from "node:crypto";
import { RequestError } from "@nats-io/transport-node";
import type { Events } from "#kit/events/connect.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { Instance, InstanceExit, Instances } from "./instances.ts";
import {
  EXITS_SUBJECT,
  type RequestName,
  readExit,
  readReply,
  requestSubjects,
} from "./messages.ts";

export interface InstancesClientOptions {
  readonly log: Logger;
  /** Longest time for a deployment, a replacement or a retirement, ms. Default 90 000. */
  readonly withinMs?: number;
  /** Longest time for one answer, which may be that the work goes on, ms. Default 3000. */
  readonly answerWithinMs?: number;
}

/** The instance driver of another process, over the event stream's server. */
export interface InstancesClient extends Instances {
  /** Hears of no more deaths; the connection is its owner's. */
  close(): void;
}

/**
 * Asks the supervisor. Long work is asked for again and again under one id, so that a supervisor that went away
 * meanwhile is UNAVAILABLE within seconds, and one that lost an answer in the network gives it again.
 */
export function createInstancesClient(
  events: Events,
  { log, withinMs = 90_000, answerWithinMs = 3_000 }: InstancesClientOptions,
): InstancesClient {
  const listeners = new Set<(exit: InstanceExit) => void>();
  const exits = events.connection.subscribe(EXITS_SUBJECT, {
    callback: (error, message) => {
      if (error) return log.error({ err: error }, "the deaths of instances cannot be heard");
      try {
        const exit = readExit(message.string());
        for (const listener of listeners) listener(exit);
      } catch (cause) {
        log.error({ err: cause }, "the death of an instance could not be taken");
      }
    },
  });

  async function ask(name: RequestName, about: object, ms: number): Promise<readonly Instance[]> {
    const body = JSON.stringify({ id: randomUUID(), ...about });
    const deadline = performance.now() + ms;
    let reply = readReply(await answer(name, body, Math.min(ms, answerWithinMs)));
    while (!reply) {
      // The last question gets its time for an answer, too: silence is not the same as work that goes on.
      if (performance.now() > deadline) {
        throw new MeshError("DEADLINE_EXCEEDED", `${name} still goes on after ${ms / 1000} s`);
      }
      reply = readReply(await answer(name, body, answerWithinMs));
    }
    return reply.instances;
  }

  async function answer(name: RequestName, body: string, timeout: number): Promise<string> {
    try {
      const reply = await events.connection.request(requestSubjects[name], body, { timeout });
      return reply.string();
    } catch (cause) {
      const isNobody = cause instanceof RequestError && cause.isNoResponders();
      throw new MeshError(
        "UNAVAILABLE",
        isNobody
          ? `nobody runs instances at the moment: ${name} was not taken, or its end is not known`
          : `the supervisor did not answer ${name} within ${Math.round(timeout)} ms`,
        { cause },
      );
    }
  }

  return {
    deploy: async ({ service, slot, version }) =>
      void (await ask("deploy", { service, slot, version }, withinMs)),
    replace: async ({ service, slot, index }, version) =>
      void (await ask("replace", { service, slot, index, version }, withinMs)),
    retire: async ({ service, slot }) => void (await ask("retire", { service, slot }, withinMs)),
    list: () => ask("list", {}, Math.min(withinMs, 5_000)),
    onExit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => exits.unsubscribe(),
  };
}
