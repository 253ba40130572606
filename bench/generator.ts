import { nextMessage, startNode } from "./child.ts";
import type { ClosedLoop, LoadResult } from "./closed-loop.ts";
import { OTHER_CORE } from "./cores.ts";
import type { PushLoad, PushResult } from "./push-load.ts";
import type { TripLoad, TripResult } from "./trip-load.ts";

export interface Generator {
  readonly pid: number;
  /** Runs a closed loop; fails when a reply was not OK. */
  closed(order: Omit<ClosedLoop, "kind">): Promise<LoadResult>;
  trips(order: Omit<TripLoad, "kind">): Promise<TripResult>;
  push(order: Omit<PushLoad, "kind">): Promise<PushResult>;
  stop(): Promise<void>;
}

type Answer<T> = { readonly result: T } | { readonly error: string };

/** Starts the generator on `cores`: by default on the one that the measured server does not use. */
export function startGenerator(cores: string = OTHER_CORE): Generator {
  const child = startNode({ file: "bench/load.ts", cores });

  async function ask<T>(order: ClosedLoop | TripLoad | PushLoad): Promise<T> {
    const answer = nextMessage<Answer<T>>(child.process);
    child.process.send(order);
    const got = await answer;
    if ("error" in got) throw new Error(got.error);
    return got.result;
  }

  return {
    pid: child.pid,
    async closed(order) {
      const result = await ask<LoadResult>({ kind: "closed", ...order });
      if (result.failures > 0) {
        throw new Error(`${result.failures} of ${result.replies} calls of ${order.path} failed`);
      }
      return result;
    },
    trips: (order) => ask<TripResult>({ kind: "trips", ...order }),
    push: (order) => ask<PushResult>({ kind: "push", ...order }),
    stop: () => child.stop(),
  };
}
