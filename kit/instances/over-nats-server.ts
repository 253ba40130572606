import type { Msg, NatsConnection } from "@nats-io/transport-node";
import type { Events } from "#kit/events/connect.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { InstanceKey, Instances, SlotKey, SlotVersion } from "./instances.ts";
import {
  EXITS_SUBJECT,
  type Reply,
  type RequestName,
  requestSchemas,
  requestSubjects,
  writeExit,
  writeInstances,
} from "./messages.ts";

export interface ServeInstancesOptions {
  /** Tells what went wrong inside: the caller is only told that something did. */
  readonly onError: (message: string, cause: unknown) => void;
  /** How long an answer may wait for the work before it says that it goes on, ms. Default 1000. */
  readonly pendingAfterMs?: number;
}

/** Most requests that are remembered: one client with one rollout a service needs a handful. */
const MAX_KNOWN = 256;

interface Known {
  /** The whole request, to tell a repeated one from another under its id. */
  readonly text: string;
  readonly reply: Promise<Reply>;
  settled: boolean;
}

/** Serves an instance driver to other processes until it is stopped. */
export function serveInstances(
  events: Events,
  instances: Instances,
  { onError, pendingAfterMs = 1_000 }: ServeInstancesOptions,
): { stop(): void } {
  const { connection } = events;
  const known = new Map<string, Known>();

  function take(name: RequestName, text: string): Promise<Reply> {
    const parsed = requestSchemas[name].safeParse(parseJson(text));
    if (!parsed.success) {
      const problems = parsed.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`);
      throw new MeshError("INVALID_ARGUMENT", `${name}: ${problems.join("; ")}`);
    }
    const { id } = parsed.data;
    const before = known.get(id);
    if (before) {
      if (before.text === `${name} ${text}`) return before.reply;
      throw new MeshError("INVALID_ARGUMENT", `${name}: the id ${id} is another request's`);
    }
    forgetOldest(known);
    const reply = work(instances, name, parsed.data).catch((cause: unknown) => refuse(name, cause));
    const one: Known = { text: `${name} ${text}`, reply, settled: false };
    void reply.then(() => {
      one.settled = true;
    });
    known.set(id, one);
    return reply;
  }

  function refuse(name: RequestName, cause: unknown): Reply {
    const error = MeshError.from(cause);
    if (error.code === "INTERNAL") onError(`the instance driver failed at ${name}`, cause);
    return { error: { code: error.code, message: error.message } };
  }

  async function answer(name: RequestName, message: Msg): Promise<void> {
    let reply: Reply;
    try {
      reply = await within(pendingAfterMs, take(name, message.string()));
    } catch (cause) {
      reply = refuse(name, cause);
    }
    message.respond(JSON.stringify(reply));
  }

  const stopListening = instances.onExit((exit) => publish(connection, writeExit(exit)));
  const names = Object.keys(requestSubjects) as RequestName[];
  const subscriptions = names.map((name) =>
    connection.subscribe(requestSubjects[name], {
      callback: (error, message) => {
        if (error) return onError(`${requestSubjects[name]} cannot be served`, error);
        answer(name, message).catch((cause: unknown) => onError(`no answer to ${name}`, cause));
      },
    }),
  );
  return {
    stop() {
      stopListening();
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}

/** The driver judges names that do not exist, so they are passed as they came. */
async function work(instances: Instances, name: RequestName, request: unknown): Promise<Reply> {
  const key = request as InstanceKey & { readonly version: string };
  if (name === "list") return writeInstances(await instances.list());
  if (name === "deploy") await instances.deploy(key satisfies SlotVersion);
  else if (name === "replace") await instances.replace(key satisfies InstanceKey, key.version);
  else await instances.retire(key satisfies SlotKey);
  return { done: {} };
}

/** A client that goes on asking must be answered, so what is settled goes first, the oldest of it. */
function forgetOldest(known: Map<string, Known>): void {
  if (known.size < MAX_KNOWN) return;
  for (const [id, { settled }] of known) {
    if (!settled) continue;
    known.delete(id);
    return;
  }
  throw new MeshError("RESOURCE_EXHAUSTED", `${MAX_KNOWN} requests are under way`);
}

async function within(ms: number, reply: Promise<Reply>): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const pending = new Promise<Reply>((resolve) => {
    timer = setTimeout(resolve, ms, { pending: true });
  });
  try {
    return await Promise.race([reply, pending]);
  } finally {
    clearTimeout(timer);
  }
}

function publish(connection: NatsConnection, text: string): void {
  if (!connection.isClosed()) connection.publish(EXITS_SUBJECT, text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused with everything else that is no request
  }
}
