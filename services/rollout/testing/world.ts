import pino from "pino";
import { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import { type Rollout, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import type { Instance, Instances } from "#kit/instances/instances.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { TrafficBucket } from "#kit/traffic/bucket.ts";
import { checkTraffic, firstTraffic, modelServices } from "#kit/traffic/traffic.ts";
import { createEngine, type Engine } from "../engine.ts";
import type { Judge } from "../judge.ts";
import { type NewestLooks, rememberLooks } from "../newest-looks.ts";
import type { EntryBody, ReleaseLog } from "../release-log.ts";
import { applyEntry } from "../state.ts";
import { openTrafficControl, type TrafficControl } from "../traffic-control.ts";
import { BEGAN } from "./rollouts.ts";

/** What outlives a process: log, bucket, instances, Envoy, and the clock. */
export interface World {
  readonly entries: ReleaseEntry[];
  readonly bucket: Map<string, Traffic>;
  /** Version by `service-slot-index`. */
  readonly instances: Map<string, string>;
  /** As Envoy has it. */
  envoy: readonly Traffic[];
  /** Of each stage, from 1. */
  readonly verdicts: readonly Verdict[];
  /** Numbers of the one gate that there is; undefined: there is none. */
  numbers: Record<string, number> | undefined;
  nowMs: number;
  /** Every effect and every reading, in order. */
  readonly operations: string[];
}

export function createWorld(verdicts: readonly Verdict[]): World {
  return {
    entries: [],
    bucket: new Map(modelServices.map((name) => [name, { ...firstTraffic(name), revision: 1n }])),
    instances: new Map(modelServices.map((service) => [`${service}-blue-0`, "v1"])),
    envoy: [],
    verdicts,
    numbers: undefined,
    nowMs: BEGAN.getTime(),
    operations: [],
  };
}

/** One life of the process in a world, until it is killed. */
export interface Life {
  readonly releases: ReleaseLog;
  readonly traffic: TrafficControl;
  readonly engine: Engine;
  readonly looks: NewestLooks;
}

/** Before or after the how-manieth operation of its life a process is killed. */
export interface Kill {
  readonly operation: number;
  readonly when: "before" | "after";
}

export class Killed extends Error {}

export interface LifeOptions {
  readonly kill?: Kill;
  readonly deploy?: () => Promise<void>;
  readonly overrides?: readonly string[];
  readonly slotProblem?: () => string | undefined;
}

export async function live(world: World, options: LifeOptions = {}): Promise<Life> {
  const step = stepper(world, options.kill);
  const releases = logOf(world, step);
  const push = async (all: readonly Traffic[]) => {
    await step("push", () => {
      world.envoy = structuredClone(all);
    });
    return { acknowledgedBy: ["envoy"], laggards: [] };
  };
  const log = pino({ level: "silent" });
  const traffic = await openTrafficControl({
    bucket: bucketOf(world, step),
    releases,
    push: { push },
    log,
  });
  const { judge, looks } = rememberLooks(judgeOf(world), releases);
  const engine = createEngine({
    releases,
    traffic,
    instances: instancesOf(world, step, options),
    judge,
    golden: () => step("golden", () => undefined),
    slotProblem: async () => options.slotProblem?.(),
    overridesOf: () => options.overrides ?? [],
    keepWarmMs: 1_000,
    now: () => new Date(world.nowMs),
    log,
  });
  return { releases, traffic, engine, looks };
}

function judgeOf(world: World): Judge {
  return {
    look({ currentStage }) {
      const verdict = world.verdicts[currentStage - 1] ?? Verdict.CONTINUE;
      const because = `so it is in stage ${currentStage}`;
      const gate = { gate: "made up", verdict, because, numbers: { ...world.numbers } };
      return { verdict, because, gates: world.numbers ? [gate] : [] };
    },
  };
}

/** The log starts with the rollout. */
export function begin(world: World, rollout: Rollout): void {
  const time = new Date(world.nowMs);
  const { rolloutId } = rollout;
  world.entries.push({ rolloutId, time, body: { $case: "started", value: rollout } });
}

type Step = <T>(name: string, effect: () => T) => Promise<T>;

function stepper(world: World, kill: Kill | undefined): Step {
  let count = 0;
  let isDead = false;
  return async (name, effect) => {
    await Promise.resolve(); // as in life, others get a turn
    const isHit = kill?.operation === ++count;
    if (isHit && kill.when === "before") isDead = true;
    if (isDead) throw new Killed();
    world.operations.push(name);
    const result = effect();
    if (isHit) {
      isDead = true;
      throw new Killed();
    }
    return result;
  };
}

function logOf(world: World, step: Step): ReleaseLog {
  const listeners = new Set<(rolloutId: string, entry: ReleaseEntry) => void>();
  const of = (rolloutId: string) => world.entries.filter((one) => one.rolloutId === rolloutId);
  const rollout = (rolloutId: string) =>
    of(rolloutId).reduce<Rollout | undefined>(applyEntry, undefined);
  return {
    rollout,
    shifts: () =>
      world.entries.flatMap(({ body }) =>
        body?.$case === "shift" && body.value.traffic ? [body.value.traffic] : [],
      ),
    traffics: (rolloutId) =>
      of(rolloutId).flatMap(({ body }) =>
        body?.$case === "push" && body.value.traffic ? [body.value.traffic] : [],
      ),
    rollouts: () =>
      [...new Set(world.entries.map((one) => one.rolloutId))].flatMap((id) => rollout(id) ?? []),
    append: (rolloutId, next) =>
      step("append", () => {
        const body: EntryBody | undefined =
          typeof next === "function" ? next(rollout(rolloutId)) : next;
        if (!body) return rollout(rolloutId);
        const entry = { rolloutId, time: new Date(world.nowMs), body };
        // As it comes back from the stream.
        world.entries.push(ReleaseEntry.decode(ReleaseEntry.encode(entry).finish()));
        for (const listener of listeners) listener(rolloutId, entry);
        return rollout(rolloutId);
      }),
    onEntry(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function bucketOf({ bucket }: World, step: Step): TrafficBucket {
  return {
    get: (service) => step("bucket.get", () => bucket.get(service)),
    put: (traffic) =>
      step("bucket.put", () => {
        const stored = bucket.get(traffic.service)?.revision ?? 0n;
        if (stored !== traffic.revision) {
          throw new MeshError("ABORTED", `at revision ${stored}, not ${traffic.revision}`);
        }
        const last = [...bucket.values()].reduce(
          (a, { revision }) => (a > revision ? a : revision),
          0n,
        );
        const next = { ...checkTraffic(traffic), revision: last + 1n };
        bucket.set(traffic.service, next);
        return next;
      }),
    watch: async () => ({ stop: () => undefined }),
  };
}

function instancesOf({ instances }: World, step: Step, { deploy }: LifeOptions): Instances {
  return {
    async deploy({ service, slot, version }) {
      await deploy?.();
      await step(`deploy ${service}-${slot}`, () => instances.set(`${service}-${slot}-0`, version));
    },
    replace: ({ service, slot, index }, version) =>
      step(`replace ${service}-${slot}`, () => {
        instances.set(`${service}-${slot}-${index}`, version);
      }),
    retire: ({ service, slot }) =>
      step(`retire ${service}-${slot}`, () => {
        for (const key of instances.keys()) {
          if (key.startsWith(`${service}-${slot}-`)) instances.delete(key);
        }
      }),
    list: () =>
      step("list", () =>
        [...instances].map(([key, version]) => {
          const [, service, slot, index] = /^(.*)-(blue|green)-(\d+)$/.exec(key) ?? [];
          const deaths = { count: 0, lastAt: undefined };
          const about = { version, name: key, address: "", ready: true, deaths };
          return { service, slot, index: Number(index), ...about } as Instance;
        }),
      ),
    onExit: () => () => undefined,
  };
}
