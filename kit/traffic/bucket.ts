import { type KV, Kvm } from "@nats-io/kv";
import { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import type { Events } from "#kit/events/connect.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { checkTraffic } from "./traffic.ts";
import { watchOn } from "./watch-on.ts";

export const TRAFFIC_BUCKET = "traffic";

/** The only record of which version is in which slot, with which share of the traffic. */
export interface TrafficBucket {
  /** One service's traffic with its revision, or undefined when it was never written. */
  get(service: string): Promise<Traffic | undefined>;
  /**
   * Writes one service's traffic if its revision is still the stored one (0: not written yet) and gives
   * back the stored state. Fails with INVALID_ARGUMENT for traffic that cannot be, ABORTED when somebody
   * else was faster.
   */
  put(traffic: Traffic): Promise<Traffic>;
  /**
   * The traffic as it is now, then each change, until `stop` is called: of one service, or of all when
   * none is named. Goes on over kills of the server.
   */
  watch(
    changed: (traffic: Traffic) => void,
    options: { readonly service?: string; readonly log: Logger },
  ): Promise<{ stop(): void }>;
}

/** Opens the bucket, which provisioning has made. */
export async function openTrafficBucket(events: Events): Promise<TrafficBucket> {
  const kv = await new Kvm(events.js).open(TRAFFIC_BUCKET);
  return {
    async get(service) {
      const entry = await kv.get(service);
      return entry ? decode(entry.value, entry.revision) : undefined;
    },
    put: (traffic) => put(kv, checkTraffic(traffic)),
    watch: (changed, { service, log }) =>
      watchOn(events, kv, {
        ...(service !== undefined && { key: service }),
        changed({ operation, value, revision }) {
          if (operation === "PUT") changed(decode(value, revision));
        },
        log,
      }),
  };
}

async function put(kv: KV, traffic: Traffic): Promise<Traffic> {
  const previous = Number(traffic.revision);
  const text = JSON.stringify(Traffic.toJSON({ ...traffic, revision: 0n }));
  try {
    const revision = await (previous === 0
      ? kv.create(traffic.service, text)
      : kv.update(traffic.service, text, previous));
    return { ...traffic, revision: BigInt(revision) };
  } catch (cause) {
    const stored = (await kv.get(traffic.service))?.revision;
    if (stored === previous) throw cause;
    throw new MeshError(
      "ABORTED",
      `the traffic of ${traffic.service} is at revision ${stored}, not ${previous}: read it again`,
      { cause },
    );
  }
}

function decode(value: Uint8Array, revision: number): Traffic {
  return {
    ...Traffic.fromJSON(JSON.parse(Buffer.from(value).toString())),
    revision: BigInt(revision),
  };
}
