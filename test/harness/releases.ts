import { randomUUID } from "node:crypto";
import type { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import { type Rollout, RolloutState, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import {
  RolloutServiceDefinition,
  StartRolloutRequest,
} from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { strategies } from "#kit/releases/words.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { openTrafficBucket, type TrafficBucket } from "#kit/traffic/bucket.ts";
import { parsePlan } from "../../cli/rollout/plan.ts";
import { readAll } from "../../services/rollout/release-log.ts";
import type { TestMesh } from "./mesh.ts";
import { until } from "./until.ts";

/** An operator of a test's mesh, who releases. */
export interface Releases {
  readonly client: Client<typeof RolloutServiceDefinition>;
  readonly events: Events;
  readonly bucket: TrafficBucket;
  /** Starts a rollout by a plan as a person would have written it, in YAML. */
  start(
    service: string,
    version: string,
    plan: string,
    more?: Partial<StartRolloutRequest>,
  ): Promise<Rollout>;
  rollout(rolloutId: string): Promise<Rollout>;
  /** Waits until it is as asked, and gives it back; fails with its log. */
  until(
    what: string,
    rolloutId: string,
    is: (rollout: Rollout) => boolean,
    ms?: number,
  ): Promise<Rollout>;
  /** Waits for its end and for its slot to be emptied. */
  ended(rolloutId: string, ms?: number): Promise<Rollout>;
  traffic(service: string): Promise<Traffic>;
  log(rolloutId?: string): Promise<ReleaseEntry[]>;
  close(): Promise<void>;
}

export const by = { who: "test", why: "the test says so" };

export async function releasesOf(mesh: TestMesh): Promise<Releases> {
  const client = createClient(RolloutServiceDefinition, mesh.rollout ?? "");
  const events = await connectEvents({ ...mesh.operator, name: "operator" });
  const bucket = await openTrafficBucket(events);
  /** The service may be on its way back from a kill. */
  const rollout = async (rolloutId: string): Promise<Rollout> => {
    const { rollout: one } = await until(`the rollout service tells of ${rolloutId}`, () =>
      client.getRollout({ rolloutId }, { timeoutMs: 2_000 }).catch(() => undefined),
    );
    if (!one) throw new Error(`no rollout ${rolloutId}`);
    return one;
  };
  const log = async (rolloutId?: string) => {
    const entries: ReleaseEntry[] = [];
    for await (const { entry } of readAll(events, rolloutId)) entries.push(entry);
    return entries;
  };
  const untilIs: Releases["until"] = async (what, rolloutId, is, ms = 60_000) => {
    try {
      return await until(
        what,
        async () => {
          const one = await rollout(rolloutId);
          if (is(one)) return one;
          if (one.cleanedUp) throw new Error("it has ended otherwise");
          return undefined;
        },
        ms,
      );
    } catch (cause) {
      const now = await rollout(rolloutId);
      const said = [
        ...now.decisions.map((one) => `${one.what} by ${one.who}, stage ${one.stage}: ${one.why}`),
        ...now.gates.map((one) => `${one.gate} ${one.verdict}: ${one.because}`),
      ];
      throw new Error(`${what}: not in time\n${said.join("\n")}`, { cause });
    }
  };
  return {
    client,
    events,
    bucket,
    rollout,
    log,
    until: untilIs,
    async start(service, version, text, more = {}) {
      const plan = parsePlan(text, "plan.yaml");
      const { rollout: started } = await client.startRollout(
        {
          ...StartRolloutRequest.create(),
          requestId: randomUUID(),
          service,
          version,
          strategy: plan.strategy === undefined ? Strategy.CANARY : strategies[plan.strategy],
          stages: plan.stages,
          requirements: plan.requirements,
          ...by,
          ...more,
        },
        { timeoutMs: 10_000 },
      );
      if (!started) throw new Error("no rollout was started");
      return started;
    },
    ended: (rolloutId, ms) =>
      untilIs("it has ended and is cleaned up", rolloutId, ({ cleanedUp }) => cleanedUp, ms),
    async traffic(service) {
      const traffic = await bucket.get(service);
      if (!traffic) throw new Error(`no traffic of ${service}`);
      return traffic;
    },
    async close() {
      client.close();
      await events.connection.close();
    },
  };
}

/** From the decision to the traffic that follows from it, acknowledged by Envoy, ms: by the log's own times. */
export function msToTraffic(log: readonly ReleaseEntry[], what: string): number {
  const at = log.findIndex(({ body }) => body?.$case === "decision" && body.value.what === what);
  const decided = log[at]?.time?.getTime() ?? Number.NaN;
  const push = log.slice(at).find(({ body }) => body?.$case === "push");
  return (push?.time?.getTime() ?? Number.NaN) - decided;
}

export const isAborted = ({ state }: Rollout): boolean => state === RolloutState.ABORTED;
export const isPromoted = ({ state }: Rollout): boolean => state === RolloutState.PROMOTED;
