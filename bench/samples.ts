import type { Row } from "./measurement.ts";
import { show, spread } from "./numbers.ts";
import type { Sample } from "./predict-window.ts";

/** One figure of every round. */
export function column<S>(samples: readonly S[] | undefined, of: (sample: S) => number): number[] {
  return (samples ?? []).map(of);
}

export function sampleRow(what: string, samples: readonly Sample[] | undefined): Row {
  return {
    what,
    columns: {
      "req/s": show(spread(column(samples, (s) => s.perSecond)), 0),
      "p50 ms": show(spread(column(samples, (s) => s.p50Ms))),
      "p99 ms": show(spread(column(samples, (s) => s.p99Ms)), 1),
      "CPU µs/req": show(spread(column(samples, (s) => s.cpuUs)), 1),
      "main thread's": show(spread(column(samples, (s) => s.mainUs)), 1),
      "generator's": show(spread(column(samples, (s) => s.generatorUs)), 1),
    },
  };
}
