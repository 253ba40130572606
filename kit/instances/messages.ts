// What the requests for the instance driver look like on the event stream's server: JSON over request and reply.
import { z } from "zod";
import { type Code, MeshError } from "#kit/rpc/errors.ts";
import { modelServices, slots } from "#kit/traffic/traffic.ts";
import type { Instance, InstanceExit } from "./instances.ts";

export const requestSubjects = {
  deploy: "instances.deploy",
  replace: "instances.replace",
  retire: "instances.retire",
  list: "instances.list",
} as const;

/** Deaths are published here as they happen; what nobody hears is still counted in `list`. */
export const EXITS_SUBJECT = "instances.exits";

export type RequestName = keyof typeof requestSubjects;

// Looser than the types of the interface: the driver says what it does not know, by name.
const slotKey = { service: z.string(), slot: z.string() };
const id = z.string().min(1).max(100);
const version = z.string().max(100);

/** The same id is the same request, however often it is sent. */
export const requestSchemas = {
  deploy: z.strictObject({ id, ...slotKey, version }),
  replace: z.strictObject({ id, ...slotKey, index: z.number(), version }),
  retire: z.strictObject({ id, ...slotKey }),
  list: z.strictObject({ id }),
} as const;

const instance = {
  service: z.enum(modelServices),
  slot: z.enum(slots),
  index: z.int().min(0),
  version: z.string(),
  name: z.string(),
};

/** Absent fields and dates, as JSON has them. */
const moment = z.iso.datetime().transform((text) => new Date(text));

const instanceSchema = z.object({
  ...instance,
  address: z.string(),
  ready: z.boolean(),
  deaths: z.object({ count: z.int(), lastAt: moment.optional() }),
});

const exitSchema = z.object({
  ...instance,
  code: z.int().optional(),
  signal: z.string().optional(),
  at: moment,
});

const replySchema = z.union([
  /** It goes on: ask again under the same id. */
  z.object({ pending: z.literal(true) }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
  z.object({ done: z.object({ instances: z.array(instanceSchema).optional() }) }),
]);

export type Reply = z.input<typeof replySchema>;

/** A reply as the client uses it: undefined while the work goes on. Fails with the driver's error. */
export function readReply(text: string): { instances: Instance[] } | undefined {
  const reply = replySchema.parse(JSON.parse(text));
  if ("pending" in reply) return undefined;
  if ("error" in reply) {
    // Whatever the other side calls it, it is not this side's to judge.
    throw new MeshError(reply.error.code as Code, reply.error.message);
  }
  const instances = reply.done.instances ?? [];
  return {
    instances: instances.map((one) => ({
      ...one,
      deaths: { count: one.deaths.count, lastAt: one.deaths.lastAt },
    })),
  };
}

/** `list`'s answer as it is sent. */
export function writeInstances(instances: readonly Instance[]): Reply {
  return {
    done: {
      instances: instances.map(({ deaths: { count, lastAt }, ...one }) => ({
        ...one,
        deaths: { count, ...(lastAt ? { lastAt: lastAt.toISOString() } : {}) },
      })),
    },
  };
}

export function writeExit(exit: InstanceExit): string {
  return JSON.stringify(exit);
}

export function readExit(text: string): InstanceExit {
  const { code, signal, ...exit } = exitSchema.parse(JSON.parse(text));
  return { ...exit, code, signal };
}
