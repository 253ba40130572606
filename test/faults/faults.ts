// What can go wrong, one entry each. A fault does its damage while trips are under way and resolves when
// everything is as it should be again, so that what follows is recovery.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { predictionSubject, streams, tripSubject } from "#kit/events/subjects.ts";
import type { Failpoint } from "#kit/lifecycle/failpoint.ts";
import type { ConsumerService } from "#kit/traffic/traffic.ts";
import type { Random } from "../../simulator/random.ts";
import { until } from "../harness/until.ts";
import type { TripHistory } from "./history.ts";
import { type Places, readStored } from "./observe.ts";
import type { Part } from "./part.ts";
import type { Stage, Topology } from "./stage.ts";

export interface Scene {
  readonly stage: Stage;
  readonly random: Random;
  /** The trips under way. */
  readonly trips: readonly TripHistory[];
  /** Where the streams stood before them. */
  readonly since: Places;
}

/** What was done, for the log, and when it was over if that was before the end of `inject` (ms). */
export interface Damage {
  readonly what: string;
  readonly doneAt?: number;
  /** Subjects on which something was published that every slot is given and none can answer. */
  readonly poison?: readonly string[];
}

export interface Fault {
  /** As it stands in the table. */
  readonly name: string;
  readonly topology: Topology;
  /** Once in a whole campaign instead of taking turns: it takes minutes. */
  readonly isLong?: true;
  /** Whether riders' clocks jump in this run. */
  readonly clockJumps?: true;
  /** Before the trips begin: sets a trap. */
  prepare?(scene: Omit<Scene, "trips" | "since">): Promise<void>;
  /** Does the damage; where nobody else would, mends it. */
  inject(scene: Scene): Promise<Damage>;
}

const between = (random: Random, low: number, high: number) =>
  Math.round(low + random.uniform() * (high - low));

function choose<T>(random: Random, all: readonly T[]): T {
  const chosen = all[Math.floor(random.uniform() * all.length)];
  if (chosen === undefined) throw new Error("nothing to choose from");
  return chosen;
}

const single = { topology: "single" } as const;

/** A part is killed at a moment that has nothing to do with its work. */
function killed(name: string, topology: Topology, pick: (scene: Scene) => Part): Fault {
  return {
    name,
    topology,
    async inject(scene) {
      const part = pick(scene);
      await part.kill();
      return { what: part.name, doneAt: part.diedAt() };
    },
  };
}

/** A part is killed at a step of its work. */
function killedAt(
  failpoint: Failpoint,
  who: string,
  topology: Topology,
  pick: (scene: Omit<Scene, "trips" | "since">) => Part,
): Fault {
  let trapped: { part: Part; deaths: number; nth: number } | undefined;
  return {
    name: `SIGKILL ${who} at ${failpoint}`,
    topology,
    async prepare(scene) {
      const part = pick(scene);
      const nth = between(scene.random, 1, 8);
      await part.restart({ MESH_FAILPOINT: `${failpoint}:${nth}` });
      trapped = { part, deaths: part.deaths(), nth };
    },
    async inject() {
      if (!trapped) throw new Error("no trap was set");
      const { part, deaths, nth } = trapped;
      // A step that is not reached so often is no failure of the mesh, but it is none of the fault's either.
      await until(`${part.name} reaches ${failpoint}`, () => part.deaths() > deaths, 30_000);
      await until(`${part.name} is ready again`, () => part.isReady(), 45_000);
      return { what: `${part.name} at its ${nth}. ${failpoint}`, doneAt: part.diedAt() };
    },
  };
}

/** A part stands still and goes on as if nothing had been, with what it had in hand. */
function paused(
  name: string,
  topology: Topology,
  [low, high]: readonly [number, number],
  pick: (scene: Scene) => Part,
): Fault {
  return {
    name,
    topology,
    async inject(scene) {
      const part = pick(scene);
      const ms = between(scene.random, low, high);
      await part.pause(ms);
      return { what: `${part.name} for ${ms} ms` };
    },
  };
}

/** The network between one process and the event stream misbehaves. */
function network(
  name: string,
  misbehave: (proxy: { readonly random: Random } & NetworkOf) => Promise<void>,
): Fault {
  return {
    name,
    ...single,
    async inject({ stage, random }) {
      const [process, proxy] = choose(random, [
        ...stage.networks,
        ["gateway to backend", stage.backendNetwork] as const,
      ]);
      await misbehave({ random, proxy });
      return { what: process };
    },
  };
}
type NetworkOf = { readonly proxy: Stage["backendNetwork"] };

const anyConsumer = ({ stage, random }: Omit<Scene, "trips" | "since">) =>
  choose(random, stage.consumers);
const backend = ({ stage }: Omit<Scene, "trips" | "since">) => first(stage.backends);
const gateway = ({ stage }: Omit<Scene, "trips" | "since">) => stage.gateway;

function first<T>(all: readonly T[]): T {
  const [one] = all;
  if (one === undefined) throw new Error("nothing there");
  return one;
}

/** The server that leads the stream of trips, and those that do not. */
async function leaderOf({ stage }: Scene): Promise<{ leader: Part; followers: Part[] }> {
  const manager = await jetstreamManager(stage.events.connection, { checkAPI: false });
  const { cluster } = await manager.streams.info(streams.trips);
  const leader = stage.nats.find(({ name }) => name === cluster?.leader);
  if (!leader) throw new Error(`no leader among ${stage.nats.map(({ name }) => name)}`);
  return { leader, followers: stage.nats.filter((one) => one !== leader) };
}

/** Nobody reaches the event stream for a while; its server dies meanwhile, too. */
async function streamAway({ stage }: Scene, ms: number): Promise<Damage> {
  for (const proxy of stage.networks.values()) proxy.refuse(true);
  await Promise.all([first(stage.nats).kill(), sleep(ms)]);
  for (const proxy of stage.networks.values()) proxy.refuse(false);
  return { what: `for ${ms} ms` };
}

export const faults: readonly Fault[] = [
  {
    name: "none",
    ...single,
    inject: async () => ({ what: "" }),
  },
  killed("SIGKILL nats-server", "single", ({ stage }) => first(stage.nats)),
  {
    name: "event stream away for 3 to 8 s",
    ...single,
    inject: (scene) => streamAway(scene, between(scene.random, 3_000, 8_000)),
  },
  {
    name: "event stream away for two minutes",
    ...single,
    isLong: true,
    inject: (scene) => streamAway(scene, 120_000),
  },
  paused("SIGSTOP nats-server for 3 to 8 s", "single", [3_000, 8_000], ({ stage }) =>
    first(stage.nats),
  ),
  {
    name: "the store goes back (power cut)",
    ...single,
    async inject({ stage, random }) {
      const server = first(stage.nats);
      const copy = join(stage.dir, "store-before");
      const copied = server.pause(300); // a copy of files at rest, as a disk has them after a power cut
      cpSync(stage.storeDir, copy, { recursive: true });
      await copied;
      const ms = between(random, 500, 2_500);
      await sleep(ms);
      server.beforeNextStart(() => {
        rmSync(stage.storeDir, { recursive: true });
        cpSync(copy, stage.storeDir, { recursive: true });
      });
      await server.kill();
      rmSync(copy, { recursive: true });
      return { what: `by ${ms} ms`, doneAt: server.diedAt() };
    },
  },
  killed("SIGKILL Backend", "single", backend),
  killedAt("backend.estimated", "Backend", "single", backend),
  killedAt("backend.committed", "Backend", "single", backend),
  killedAt("relay.taken", "Backend", "single", backend),
  killedAt("relay.published", "Backend", "single", backend),
  killedAt("relay.noted", "Backend", "single", backend),
  killedAt("consume.received", "Backend", "single", backend),
  killedAt("consume.handled", "Backend", "single", backend),
  killedAt("consume.acknowledged", "Backend", "single", backend),
  paused("SIGSTOP Backend for 3 to 7 s", "single", [3_000, 7_000], backend),
  killed("SIGKILL a consumer", "single", anyConsumer),
  killedAt("consume.received", "a consumer", "single", anyConsumer),
  killedAt("score.predicted", "a consumer", "single", anyConsumer),
  killedAt("consume.handled", "a consumer", "single", anyConsumer),
  killedAt("consume.acknowledged", "a consumer", "single", anyConsumer),
  paused("SIGSTOP a consumer past its time-out (zombie)", "single", [5_500, 9_000], anyConsumer),
  killed("SIGKILL the gateway", "single", gateway),
  killedAt("gateway.joined", "the gateway", "single", gateway),
  killedAt("gateway.caught-up", "the gateway", "single", gateway),
  killedAt("gateway.written", "the gateway", "single", gateway),
  paused("SIGSTOP the gateway for 3 to 7 s", "single", [3_000, 7_000], gateway),
  network("slow network, 50 to 400 ms each way", async ({ proxy, random }) => {
    proxy.delay(between(random, 50, 400));
    await sleep(between(random, 2_000, 5_000));
    proxy.delay(0);
  }),
  network("connections cut, again and again", async ({ proxy, random }) => {
    for (let times = 0; times < 4; times++) {
      proxy.cut();
      await sleep(between(random, 100, 1_000));
    }
  }),
  network("connections half closed", async ({ proxy, random }) => {
    proxy.halfClose();
    await sleep(between(random, 500, 3_000));
  }),
  network("silence: what the server sends is lost", async ({ proxy, random }) => {
    proxy.silence(true);
    await sleep(between(random, 2_000, 8_000));
    proxy.silence(false);
  }),
  {
    name: "event times jump by days",
    ...single,
    clockJumps: true,
    inject: async () => ({ what: "" }),
  },
  {
    name: "duplicates and reorderings fed in",
    ...single,
    async inject({ stage, random, trips, since }) {
      await sleep(1_500);
      const ids = new Set(trips.map(({ tripId }) => tripId));
      const stored = await readStored(stage.events, since, ids);
      const copies = [
        ...stored.events.map(({ event }) => ({
          subject: tripSubject(event.tripId, event.body?.$case ?? "requested"),
          body: TripEvent.encode(event).finish(),
        })),
        ...stored.predictions.map(({ prediction }) => ({
          subject: predictionSubject(
            prediction.service as ConsumerService,
            prediction.role === 1 ? "live" : "shadow",
            prediction.tripId,
          ),
          body: PredictionBatch.encode({ predictions: [prediction] }).finish(),
        })),
      ];
      const shuffled = copies
        .map((copy) => ({ copy, place: random.uniform() }))
        .toSorted((a, b) => a.place - b.place);
      // Without a message id, as after the stream's window: the server stores each again.
      for (const { copy } of shuffled) await stage.events.js.publish(copy.subject, copy.body);
      return { what: `${copies.length} messages` };
    },
  },
  {
    name: "arms change from event to event",
    ...single,
    async inject({ stage, random }) {
      for (let times = 0; times < 8; times++) {
        await stage.shiftTip(between(random, 0, 10_000));
        await sleep(between(random, 100, 500));
      }
      return { what: "eight times" };
    },
  },
  {
    name: "a durable is deleted",
    ...single,
    async inject({ stage, random }) {
      const manager = await jetstreamManager(stage.events.connection);
      const { service, slot } = choose(random, stage.deployed);
      const durable = `${service}-${slot}`;
      await manager.consumers.delete(streams.trips, durable);
      await until("it is made again", () =>
        manager.consumers.info(streams.trips, durable).then(
          () => true,
          () => false,
        ),
      );
      return { what: durable };
    },
  },
  {
    name: "poison events",
    ...single,
    async inject({ stage, random }) {
      const poison: string[] = [];
      for (let times = 0; times < 5; times++) {
        const id = `poison-${Date.now()}-${times}`;
        const nonsense = TripEvent.encode(TripEvent.fromPartial({ tripId: id })).finish();
        const body = random.uniform() < 0.5 ? Buffer.from(`\xff${id}`) : nonsense;
        poison.push(tripSubject(id, "progressed"));
        await stage.events.js.publish(tripSubject(id, "progressed"), body);
      }
      return { what: "five", poison };
    },
  },
  {
    name: "two parts killed at once",
    ...single,
    async inject({ stage, random }) {
      const all = [...stage.nats, ...stage.backends, stage.gateway, ...stage.consumers];
      const one = choose(random, all);
      const other = choose(
        random,
        all.filter((part) => part !== one),
      );
      await Promise.all([one.kill(), other.kill()]);
      return { what: `${one.name} and ${other.name}`, doneAt: other.diedAt() };
    },
  },
  {
    name: "a follower of three killed",
    topology: "cluster",
    async inject(scene) {
      const { followers } = await leaderOf(scene);
      const part = choose(scene.random, followers);
      await part.kill();
      return { what: part.name, doneAt: part.diedAt() };
    },
  },
  {
    name: "the leader of three killed",
    topology: "cluster",
    async inject(scene) {
      const { leader } = await leaderOf(scene);
      await leader.kill();
      return { what: leader.name, doneAt: leader.diedAt() };
    },
  },
  {
    name: "the leader of three stopped for 5 to 10 s",
    topology: "cluster",
    async inject(scene) {
      const { leader } = await leaderOf(scene);
      const ms = between(scene.random, 5_000, 10_000);
      await leader.pause(ms);
      return { what: `${leader.name} for ${ms} ms` };
    },
  },
  {
    name: "two of three killed at once",
    topology: "cluster",
    async inject(scene) {
      const { leader, followers } = await leaderOf(scene);
      const other = choose(scene.random, followers);
      await Promise.all([leader.kill(), other.kill()]);
      return { what: `${leader.name} and ${other.name}`, doneAt: other.diedAt() };
    },
  },
  killed("one of two Backends killed", "postgres", ({ stage, random }) =>
    choose(random, stage.backends),
  ),
  killedAt("relay.taken", "one of two Backends", "postgres", ({ stage, random }) =>
    choose(random, stage.backends),
  ),
  killedAt("relay.published", "one of two Backends", "postgres", ({ stage, random }) =>
    choose(random, stage.backends),
  ),
  {
    name: "Postgres killed",
    topology: "postgres",
    async inject({ stage, random }) {
      await stage.postgres?.kill();
      const ms = between(random, 200, 2_000);
      await sleep(ms);
      await stage.postgres?.restart();
      return { what: `for ${ms} ms` };
    },
  },
  {
    name: "the trips' disk is full",
    topology: "small-disk",
    async inject({ stage, random }) {
      stage.disks?.backend.fill();
      await sleep(between(random, 1_000, 4_000));
      stage.disks?.backend.empty();
      return { what: "" };
    },
  },
  {
    name: "the event stream's disk is full",
    topology: "small-disk",
    async inject({ stage, random }) {
      stage.disks?.nats.fill();
      await sleep(between(random, 1_000, 4_000));
      stage.disks?.nats.empty();
      return { what: "" }; // the server does not write again until the supervisor has started it anew
    },
  },
];
