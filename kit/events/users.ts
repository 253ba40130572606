// Who may do what on the event stream. Nobody may create streams or durables but the operator, who
// provisions; nobody may read another's replies, because each has an inbox of its own.
import { EXITS_SUBJECT, requestSubjects } from "#kit/instances/messages.ts";
import { TRAFFIC_BUCKET } from "#kit/traffic/bucket.ts";
import { consumerServices, type Slot, slots } from "#kit/traffic/traffic.ts";
import {
  DURATION_LOG,
  deadSubject,
  durableName,
  LEDGER_DURABLE,
  OFFICE_DURABLE,
  streams,
} from "./subjects.ts";

/** What one user may publish and subscribe to, besides its own inbox. */
export interface NatsUser {
  readonly name: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Exceptions from what it may publish. */
  readonly deny?: readonly string[];
}

/** Provisions, and is behind `mesh` on the command line. */
export const OPERATOR = "operator";

/** Replies to a user arrive here; its connection names are the user's or begin with it. */
export function inboxPrefix(name: string): string {
  return `_INBOX_${name.replaceAll(/[^a-z0-9]/gi, "_")}`;
}

/** Every user of the event stream. */
export function natsUsers(): NatsUser[] {
  return [
    { name: OPERATOR, publish: [">"], subscribe: [">"] },
    {
      name: "backend",
      publish: [
        "trips.*.*",
        "dead.>",
        ...readDurable(streams.predictions, LEDGER_DURABLE),
        ...readDurable(streams.advisories, OFFICE_DURABLE),
        `$JS.API.STREAM.INFO.${streams.trips}`,
        `$JS.API.STREAM.MSG.GET.${streams.trips}`,
        `$JS.API.STREAM.MSG.GET.${streams.predictions}`,
        ...watchTraffic,
      ],
      subscribe: ["predictions.*.live.*", "trips.*.*"],
    },
    {
      name: "gateway",
      publish: [
        `$JS.API.STREAM.INFO.${streams.trips}`,
        `$JS.API.DIRECT.GET.${streams.trips}`,
        `$JS.API.DIRECT.GET.${streams.predictions}`,
        `$JS.API.CONSUMER.LIST.${streams.trips}`,
        ...watchTraffic,
      ],
      subscribe: ["predictions.*.live.*", "trips.>"],
    },
    rolloutUser(),
    // Reads what a rollout's report is made of, in a process of its own that the gateway starts.
    {
      name: "report",
      publish: [
        ...[streams.trips, streams.predictions, streams.releases].flatMap(readInOrder),
        `$JS.API.CONSUMER.CREATE.${streams.releases}`, // with several filters: nobody else reads there
      ],
      subscribe: [],
      deny: othersDurables(),
    },
    ...slots.flatMap((slot) => [
      {
        name: durableName("duration", slot),
        publish: [DURATION_LOG, ...watchTraffic],
        subscribe: [],
      },
      ...consumerServices.map((service) => consumerUser(service, slot)),
    ]),
  ];
}

/**
 * Decides about releases: asks the supervisor for instances, writes its log and the traffic, scores in hindsight,
 * and reads what trips and predictions say, in order, with at most one filter (a single string): the request
 * for several does not name the consumer in its subject, so that it could be anybody's. Others' durables are out of
 * its reach; a subject cannot tell a consumer of its own from a durable with a new name, which harms nobody.
 */
function rolloutUser(): NatsUser {
  return {
    name: "rollout",
    publish: [
      ...Object.values(requestSubjects),
      "releases.*",
      "predictions.*.hindsight.*",
      ...[streams.trips, streams.predictions, streams.releases].flatMap(readInOrder),
      `$JS.API.CONSUMER.CREATE.${streams.releases}`, // with several filters: nobody else reads there
      ...watchTraffic,
      `$JS.API.STREAM.MSG.GET.${bucket}`,
      `$JS.API.STREAM.MSG.GET.${streams.trips}`, // the event time now
      `$JS.API.STREAM.INFO.${streams.deadLetters}`, // how many there are, and nothing of what is in them
      `$KV.${TRAFFIC_BUCKET}.*`,
    ],
    subscribe: [EXITS_SUBJECT],
    deny: othersDurables(),
  };
}

/** What would change or empty a durable, for those who read streams by consumers of their own. */
function othersDurables(): string[] {
  const durables = [
    ...slots.flatMap((slot) =>
      consumerServices.map((service) => [streams.trips, durableName(service, slot)] as const),
    ),
    [streams.predictions, LEDGER_DURABLE] as const,
  ];
  return durables.flatMap(([stream, durable]) => [
    `$JS.API.CONSUMER.CREATE.${stream}.${durable}`,
    `$JS.API.CONSUMER.CREATE.${stream}.${durable}.>`,
    `$JS.API.CONSUMER.DELETE.${stream}.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
  ]);
}

/** To read a stream by consumers of its own, and to see how far others are. */
function readInOrder(stream: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.DELETE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.>`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.>`,
  ];
}

function consumerUser(service: string, slot: Slot): NatsUser {
  const name = durableName(service, slot);
  return {
    name,
    publish: [
      `predictions.${service}.*.*`,
      deadSubject(service, slot),
      ...readDurable(streams.trips, name),
      ...watchTraffic,
    ],
    subscribe: [],
  };
}

/** To take messages of a durable that exists, and to settle them. */
function readDurable(stream: string, durable: string): string[] {
  return [
    `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
    `$JS.ACK.${stream}.${durable}.>`,
  ];
}

/** To read the traffic bucket and follow it: the client does that by a consumer of its own. */
const bucket = `KV_${TRAFFIC_BUCKET}`;
const watchTraffic = [
  `$JS.API.STREAM.INFO.${bucket}`,
  `$JS.API.CONSUMER.CREATE.${bucket}.>`,
  `$JS.API.CONSUMER.DELETE.${bucket}.>`,
  `$JS.API.CONSUMER.INFO.${bucket}.>`,
  `$JS.API.DIRECT.GET.${bucket}.>`,
  `$JS.FC.${bucket}.>`,
];
