import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { TRAFFIC_BUCKET } from "#kit/traffic/bucket.ts";
import type { ConsumerService, Slot } from "#kit/traffic/traffic.ts";
import type { Events } from "./connect.ts";
import { isMissing } from "./missing.ts";
import {
  durableName,
  LEDGER_DURABLE,
  MAX_DELIVERIES,
  OFFICE_DURABLE,
  streams,
} from "./subjects.ts";

const SECOND = 1_000_000_000; // JetStream counts nanoseconds
const DAY = 86_400 * SECOND;

type DurablePlan = Partial<ConsumerConfig> & {
  readonly stream: string;
  readonly durable_name: string;
};
type StreamPlan = Pick<StreamConfig, "name" | "subjects" | "max_age"> & Partial<StreamConfig>;

/** Streams as the design has them. Limits retention, so that replay, shadow and dead letters can read. */
const streamPlans: readonly StreamPlan[] = [
  {
    name: streams.trips,
    subjects: ["trips.>", "redo.>"],
    max_age: 30 * DAY,
    duplicate_window: 600 * SECOND,
    allow_direct: true,
  },
  {
    name: streams.predictions,
    subjects: ["predictions.>"],
    max_age: 30 * DAY,
    duplicate_window: 600 * SECOND,
    allow_direct: true,
  },
  { name: streams.releases, subjects: ["releases.>"], max_age: 365 * DAY },
  { name: streams.deadLetters, subjects: ["dead.>"], max_age: 90 * DAY },
  {
    name: streams.advisories,
    subjects: [`${MAX_DELIVERIES}.>`, "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"],
    max_age: 7 * DAY,
  },
];

/** How a durable delivers: the back-off replaces the acknowledgement time-out, so its first step is that. */
const delivery = {
  ack_policy: AckPolicy.Explicit,
  backoff: [5, 15, 60, 300].map((s) => s * SECOND),
  max_deliver: 5,
  max_ack_pending: 512,
} as const;

/** The durables that are no slot's: those of Backend. */
const durablePlans: readonly DurablePlan[] = [
  {
    stream: streams.predictions,
    durable_name: LEDGER_DURABLE,
    deliver_policy: DeliverPolicy.All,
    filter_subjects: ["predictions.*.live.*"],
  },
  {
    stream: streams.advisories,
    durable_name: OFFICE_DURABLE,
    deliver_policy: DeliverPolicy.All,
    filter_subjects: [`${MAX_DELIVERIES}.>`],
  },
];

export interface ProvisionOptions {
  /** Copies of every stream and bucket: 1 on one server (default), 3 in a cluster. */
  readonly replicas?: number;
}

/** What was done about one stream, durable or bucket. */
export interface Provisioned {
  readonly kind: "stream" | "durable" | "bucket";
  readonly name: string;
  readonly action: "created" | "updated";
}

/**
 * Creates the streams, durables and the bucket that are missing and brings the others to the plan above; may
 * run any number of times. The durables of slots are made where versions are deployed (`provisionSlot`).
 */
export async function provision(
  events: Events,
  { replicas = 1 }: ProvisionOptions = {},
): Promise<Provisioned[]> {
  const manager = await jetstreamManager(events.connection);
  const done: Provisioned[] = [];
  for (const plan of streamPlans) {
    const config = {
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      num_replicas: replicas,
      ...plan,
    };
    const isThere = await exists(manager.streams.info(plan.name));
    if (isThere) await manager.streams.update(plan.name, config);
    else await manager.streams.add(config);
    done.push({ kind: "stream", name: plan.name, action: isThere ? "updated" : "created" });
  }
  const bucket = { history: 16, storage: StorageType.File, replicas };
  const isThere = await exists(manager.streams.info(`KV_${TRAFFIC_BUCKET}`));
  await new Kvm(events.js).create(TRAFFIC_BUCKET, bucket);
  done.push({ kind: "bucket", name: TRAFFIC_BUCKET, action: isThere ? "updated" : "created" });
  for (const plan of durablePlans) {
    const action = await ensureDurable(manager, { ...delivery, ...plan });
    done.push({ kind: "durable", name: plan.durable_name, action });
  }
  return done;
}

/** Names of streams, buckets and durables of the plan that the server does not have. */
export async function missingFromPlan(manager: JetStreamManager): Promise<string[]> {
  const there = new Set<string>();
  for await (const name of manager.streams.names()) there.add(name);
  const wanted = [...streamPlans.map(({ name }) => name), `KV_${TRAFFIC_BUCKET}`];
  const missing = wanted.filter((name) => !there.has(name));
  for (const { stream, durable_name: durable } of durablePlans) {
    if (!(await exists(manager.consumers.info(stream, durable)))) missing.push(durable);
  }
  return missing;
}

/**
 * Creates the durable of one slot of a consumer service, if it is not there: from now on (`new`) when the slot
 * is deployed into a running mesh, from the beginning (`all`) on the first start, when nothing may be missed,
 * or from a sequence of the stream.
 */
export async function provisionSlot(
  events: Events,
  service: ConsumerService,
  slot: Slot,
  deliver: "all" | "new" | number,
): Promise<void> {
  const manager = await jetstreamManager(events.connection);
  await ensureDurable(manager, {
    ...delivery,
    stream: streams.trips,
    durable_name: durableName(service, slot),
    ...startOf(deliver),
    // None: with several, the server goes through the subjects of every trip for each message of a backlog,
    // 200 µs a message (bench/consumer-rate.ts: 5,600 events/s instead of 14,700). The services skip what
    // they do not answer (`isAnsweredBy`).
    filter_subjects: [],
  });
}

function startOf(deliver: "all" | "new" | number): Partial<ConsumerConfig> {
  if (deliver === "all") return { deliver_policy: DeliverPolicy.All };
  if (deliver === "new") return { deliver_policy: DeliverPolicy.New };
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: deliver };
}

/** Where a durable begins cannot be changed later; how it delivers and what it takes can. */
async function ensureDurable(
  manager: JetStreamManager,
  { stream, ...config }: DurablePlan,
): Promise<"created" | "updated"> {
  const name = config.durable_name;
  if (!(await exists(manager.consumers.info(stream, name)))) {
    await manager.consumers.add(stream, config);
    return "created";
  }
  const {
    deliver_policy: _,
    opt_start_seq: __,
    ack_policy: ___,
    durable_name: ____,
    ...changeable
  } = config;
  await manager.consumers.update(stream, name, changeable);
  return "updated";
}

async function exists(info: Promise<unknown>): Promise<boolean> {
  try {
    await info;
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
