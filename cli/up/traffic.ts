import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { connectEvents } from "#kit/events/connect.ts";
import { provision, provisionSlot } from "#kit/events/provision.ts";
import { OPERATOR } from "#kit/events/users.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import {
  consumerServices,
  firstTraffic,
  modelServices,
  type Slot,
  slots,
} from "#kit/traffic/traffic.ts";

/** A version that has a place: to be started, with traffic or without. */
export interface Deployment {
  readonly service: (typeof modelServices)[number];
  readonly slot: Slot;
  readonly version: string;
  /** Basis points. */
  readonly weight: number;
}

/**
 * Makes the streams and durables that are missing and reads which version is where. A service that was
 * never released is written down as `v1` in blue, with a durable that misses no event.
 */
export async function prepareEvents(url: string, keyFile: string): Promise<Traffic[]> {
  const events = await connectEvents({ url, name: OPERATOR, keyFile, waitForServer: false });
  try {
    await provision(events);
    const bucket = await openTrafficBucket(events);
    const all: Traffic[] = [];
    for (const service of modelServices) {
      const stored = await bucket.get(service);
      const traffic = stored ?? firstTraffic(service);
      // The durables come first: were the bucket written and this process killed, they would start late.
      for (const consumer of consumerServices.filter((name) => name === service)) {
        for (const { slot, weight } of deploymentsOf([traffic])) {
          // A slot that is live has had one, with events that it must not miss, should that be gone.
          await provisionSlot(events, consumer, slot, stored && weight === 0 ? "new" : "all");
        }
      }
      all.push(stored ?? (await bucket.put(traffic)));
    }
    return all;
  } finally {
    await events.close();
  }
}

/** Every slot that holds a version. */
export function deploymentsOf(traffics: readonly Traffic[]): Deployment[] {
  return traffics.flatMap((traffic) =>
    slots.flatMap((slot) => {
      const service = modelServices.find((name) => name === traffic.service);
      const { version = "", weight = 0 } = traffic[slot] ?? {};
      return service && version !== "" ? [{ service, slot, version, weight }] : [];
    }),
  );
}
