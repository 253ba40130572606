// Who may do what on the event stream. Nobody may create streams or durables but the operator, who
// provisions; nobody may read another's replies, because each has an inbox of its own.
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
