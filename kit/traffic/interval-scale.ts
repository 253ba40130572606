import type { Events } from "#kit/events/connect.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { openTrafficBucket } from "./bucket.ts";
import type { ModelService, Slot } from "./traffic.ts";

/** How much the intervals of one slot are widened, as last published in `traffic`. */
export interface IntervalScale {
  /** 1 until something else is known. */
  current(): number;
  stop(): void;
}

/** Follows the interval scale of a service's slot. A bucket that cannot be read is logged and means 1. */
export function followIntervalScale(
  events: Events,
  { service, slot, log }: { service: ModelService; slot: Slot; log: Logger },
): IntervalScale {
  let scale = 1;
  let stopped = false;
  let stop = () => {};
  void openTrafficBucket(events)
    .then((bucket) =>
      bucket.watch(
        (traffic) => {
          const published = traffic[slot]?.intervalScale ?? 1;
          if (published !== scale) log.info({ scale: published }, "interval scale");
          scale = published;
        },
        { service, log },
      ),
    )
    .then((watch) => {
      stop = () => watch.stop();
      if (stopped) stop();
    })
    .catch((cause: unknown) => {
      if (!stopped) log.error({ err: cause }, "the interval scale cannot be followed");
    });
  return {
    current: () => scale,
    stop() {
      stopped = true;
      stop();
    },
  };
}
