import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import type { Events } from "#kit/events/connect.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { armIn } from "#kit/traffic/arm.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import { consumerServices, firstTraffic, modelServices } from "#kit/traffic/traffic.ts";
import type { Store } from "./store.ts";

/** The traffic as last known; kept in the database, so that it is known at a start without the stream. */
export interface TrafficTable {
  /** Salt of duration's traffic. */
  durationSalt(): string;
  /** Per consumer service, the slot whose prediction this rider, of this segment or none, is to see. */
  arms(riderId: string, segment: string): Record<string, string>;
  /** Highest revision known of any service: revisions of the bucket grow over all of them. */
  revision(): bigint;
  stop(): void;
}

export async function followTraffic(
  store: Store,
  connecting: Promise<Events>,
  log: Logger,
): Promise<TrafficTable> {
  const table = new Map<string, Traffic>(modelServices.map((s) => [s, firstTraffic(s)]));
  for (const saved of await store.savedTraffic()) table.set(saved.service, saved);
  let stop = () => {};

  void connecting
    .then(async (events) => {
      const bucket = await openTrafficBucket(events);
      const watch = await bucket.watch(
        (traffic) => {
          table.set(traffic.service, traffic);
          void store.saveTraffic(traffic);
        },
        { log },
      );
      stop = () => watch.stop();
    })
    .catch((cause: unknown) => log.error({ err: cause }, "the traffic bucket cannot be followed"));

  const of = (service: string) => table.get(service) as Traffic;
  return {
    durationSalt: () => of("duration").salt,
    arms: (riderId, segment) =>
      Object.fromEntries(
        consumerServices.map((service) => [service, armIn(of(service), riderId, segment)]),
      ),
    revision() {
      let highest = 0n;
      for (const service of modelServices) {
        const { revision } = of(service);
        if (revision > highest) highest = revision; // Math.max takes no bigint
      }
      return highest;
    },
    stop: () => stop(),
  };
}
