import { observe } from "#kit/telemetry/instruments.ts";
import { metrics } from "#kit/telemetry/registry.ts";
import type { Store } from "./store.ts";

/** Tells how many events wait for the stream, and for how long. Several processes that share a database say the same. */
export function observeOutbox(store: Pick<Store, "unsentCount" | "oldestUnsent">): void {
  observe(metrics.outboxDepth, async (tell) => tell(await store.unsentCount(), {}));
  observe(metrics.outboxAge, async (tell) => {
    const oldest = await store.oldestUnsent();
    tell(oldest ? Math.max(0, Date.now() - oldest.getTime()) / 1000 : 0, {});
  });
}
