import { monitorEventLoopDelay } from "node:perf_hooks";
import { observe } from "./instruments.ts";
import { metrics } from "./registry.ts";

/** Observes the process itself; the function that is returned ends it. */
export function observeProcess(): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  observe(metrics.memory, (tell) => tell(process.memoryUsage.rss(), {}));
  observe(metrics.loopDelay, (tell) => {
    if (delay.count > 0) tell(delay.percentile(99) / 1e9, {});
    delay.reset();
  });
  return () => delay.disable();
}
