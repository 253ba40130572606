import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  JetStreamApiError,
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
import {
  answeredEvents,
  durableName,
  LEDGER_DURABLE,
  MAX_DELIVERIES,
  OFFICE_DURABLE,
  streams,
} from "./subjects.ts";

const SECOND = 1_000_000_000; // JetStream counts nanoseconds
const DAY = 86_400 * SECOND;

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

/** Creates what is missing and updates what differs; may run any number of times. */
export async function provision(events: Events): Promise<void> {
  const manager = await jetstreamManager(events.connection);
  for (const plan of streamPlans) {
    const config = {
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      num_replicas: 1,
      ...plan,
    };
    if (await exists(manager.streams.info(plan.name)))
      await manager.streams.update(plan.name, config);
    else await manager.streams.add(config);
  }
  await new Kvm(events.js).create(TRAFFIC_BUCKET, { history: 16, storage: StorageType.File });
  await ensureDurable(manager, streams.predictions, {
    ...delivery,
    durable_name: LEDGER_DURABLE,
    deliver_policy: DeliverPolicy.All,
    filter_subjects: ["predictions.*.live.*"],
  });
  await ensureDurable(manager, streams.advisories, {
    ...delivery,
    durable_name: OFFICE_DURABLE,
    deliver_policy: DeliverPolicy.All,
    filter_subjects: [`${MAX_DELIVERIES}.>`],
  });
}

/**
 * Creates the durable of one slot of a consumer service, if it is not there: from now on when the slot is
 * deployed into a running mesh, from the beginning on the first start, when nothing may be missed.
 */
export async function provisionSlot(
  events: Events,
  service: ConsumerService,
  slot: Slot,
  deliver: "all" | "new",
): Promise<void> {
  const manager = await jetstreamManager(events.connection);
  await ensureDurable(manager, streams.trips, {
    ...delivery,
    durable_name: durableName(service, slot),
    deliver_policy: deliver === "all" ? DeliverPolicy.All : DeliverPolicy.New,
    filter_subjects: [
      ...answeredEvents[service].map((event) => `trips.*.${event}`),
      `redo.${service}.${slot}.>`,
    ],
  });
}

async function ensureDurable(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  if (await exists(manager.consumers.info(stream, config.durable_name))) return;
  await manager.consumers.add(stream, config);
}

async function exists(info: Promise<unknown>): Promise<boolean> {
  try {
    await info;
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError || isNotFound(error)) return false;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && /not ?found/i.test(error.name + error.message);
}
