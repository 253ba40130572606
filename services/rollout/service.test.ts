import { describe, expect, test } from "vitest";
import { RolloutState, Strategy, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { StartRolloutRequest } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { createRolloutService } from "./service.ts";
import { createWorld, live, type World } from "./testing/world.ts";

const { RUNNING, PAUSED, PROMOTED, ABORTED } = RolloutState;
const by = { who: "me", why: "because" };

async function serve(world: World = createWorld([Verdict.PASS])) {
  const life = await live(world);
  const service = createRolloutService({
    releases: life.releases,
    looks: life.looks,
    traffic: life.traffic,
    async digestOf(_, version) {
      if (version === "v9") throw new MeshError("NOT_FOUND", "there is no bundle v9");
      return (version === "v1" ? "a" : "b").repeat(64);
    },
    latestEventTime: async () => new Date("2021-02-01T12:00:00Z"),
    slotProblem: async (_, slot) =>
      world.instances.has(`duration-${slot}-0`) ? undefined : `duration-${slot} is not well`,
    wake: () => undefined,
  });
  const start = async (change: Partial<StartRolloutRequest> = {}) => {
    const request = StartRolloutRequest.fromPartial({
      requestId: "r1",
      service: "duration",
      version: "v2",
      strategy: Strategy.BLUE_GREEN,
      ...by,
    });
    const { rollout } = await service.startRollout({ ...request, ...change }, {} as never);
    return rollout?.rolloutId ?? "";
  };
  const call = (name: "pause" | "resume" | "promote" | "abort", rolloutId: string) =>
    service[`${name}Rollout`]({ rolloutId, ...by }, {} as never);
  return { ...life, world, service, start, call };
}
const refused = (code: string, message: RegExp) => ({
  code,
  message: expect.stringMatching(message),
});

describe("a start", () => {
  test("that is repeated is the same rollout, another one has to wait", async () => {
    const { start, world } = await serve();
    const id = await start();
    expect(await start()).toBe(id);
    await expect(start({ requestId: "r2" })).rejects.toMatchObject(
      refused("FAILED_PRECONDITION", new RegExp(`${id} is under way: one rollout of a service`)),
    );
    expect(await start({ requestId: "r2", service: "tip" })).not.toBe(id);
    expect(world.entries.length).toBe(2);
  });

  test("two at once are one", async () => {
    const { start, world } = await serve();
    const all = await Promise.allSettled([start(), start({ requestId: "r2" })]);
    expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(world.entries.length).toBe(1);
  });

  test("that is refused leaves nothing, and holds up no other", async () => {
    const { start, world } = await serve();
    await expect(start({ version: "v9" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(world.entries).toEqual([]);
    await start();
  });
});

describe("a person's word", () => {
  test("is written with who and why, and said twice is one", async () => {
    const { start, call, releases } = await serve();
    const id = await start();
    await call("pause", id);
    await call("pause", id);
    expect(releases.rollout(id)?.state).toBe(PAUSED);
    await call("resume", id);
    expect(releases.rollout(id)).toMatchObject({ state: RUNNING });
    await call("abort", id);
    expect(releases.rollout(id)?.decisions).toMatchObject([
      { what: "start", ...by },
      { what: "pause", ...by },
      { what: "resume", ...by },
      { what: "abort", ...by, state: ABORTED },
    ]);
  });

  test("without a name, or of a rollout that is not there, changes nothing", async () => {
    const { start, call, service, world } = await serve();
    const id = await start();
    await expect(
      service.abortRollout({ rolloutId: id, who: "", why: "" }, {} as never),
    ).rejects.toMatchObject(refused("INVALID_ARGUMENT", /who: is required.*why: is required/));
    await expect(call("promote", "none")).rejects.toMatchObject(
      refused("NOT_FOUND", /no rollout none/),
    );
    expect(world.entries.length).toBe(1);
  });

  test("comes too early, or too late", async () => {
    const { start, call, engine, releases } = await serve();
    const id = await start();
    await expect(call("promote", id)).rejects.toMatchObject(
      refused("FAILED_PRECONDITION", /not deployed yet/),
    );
    await engine.tend(id);
    await call("promote", id);
    for (const name of ["abort", "pause", "resume"] as const) {
      await expect(call(name, id)).rejects.toMatchObject(
        refused("FAILED_PRECONDITION", /was promoted; it has ended/),
      );
    }
    expect(releases.rollout(id)?.state).toBe(PROMOTED);
  });
});

describe("numbers", () => {
  test("are those of the newest look, though the log has an older one", async () => {
    const { start, service, engine, world, releases } = await serve(createWorld([]));
    const id = await start();
    await engine.tend(id);
    const numbersOf = async () => {
      const one = await service.getRollout({ rolloutId: id }, {} as never);
      const all = await service.listRollouts(
        { service: "", pageSize: 0, pageToken: "" },
        {} as never,
      );
      expect(all.rollouts).toEqual([one.rollout]);
      return one.rollout?.gates[0]?.numbers;
    };
    world.numbers = { n: 1 };
    await engine.tend(id);
    world.numbers = { n: 2 };
    await engine.tend(id);
    expect(await numbersOf()).toEqual({ n: 2 });
    expect(releases.rollout(id)?.gates[0]?.numbers).toEqual({ n: 1 });
    expect((await call(service, id)).rollout?.gates[0]?.numbers).toEqual({ n: 2 });
  });

  const call = async (service: Awaited<ReturnType<typeof serve>>["service"], rolloutId: string) =>
    service.pauseRollout({ rolloutId, ...by }, {} as never);
});

describe("traffic by hand", () => {
  const shifted = (traffic: Traffic, green: number): Traffic => ({
    ...traffic,
    blue: { ...traffic.blue, weight: 10_000 - green } as never,
    green: { ...traffic.green, weight: green } as never,
  });

  test("is refused during a rollout, allowed while the old version is warm, and then stands", async () => {
    const { start, call, service, engine, traffic } = await serve();
    const set = (green: number) =>
      service.setTraffic({ traffic: shifted(traffic.of("duration"), green), ...by }, {} as never);
    const id = await start();
    await engine.tend(id);
    await expect(set(0)).rejects.toMatchObject(refused("FAILED_PRECONDITION", /is under way/));
    await call("promote", id);
    await engine.tend(id);
    await set(3_000);
    await engine.tend(id);
    expect(traffic.of("duration").green?.weight).toBe(3_000);
    await set(6_000); // also a second time
    expect(traffic.of("duration").green?.weight).toBe(6_000);
  });

  test("gives nothing to a slot where nobody serves, and deploys nothing", async () => {
    const { service, traffic, world } = await serve();
    world.instances.delete("duration-green-0");
    const now = traffic.of("duration");
    const set = (wanted: Traffic) => service.setTraffic({ traffic: wanted, ...by }, {} as never);
    await expect(set(shifted(now, 9_000))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const other = { ...now, green: { ...now.green, version: "v2" } as never };
    await expect(set(other)).rejects.toMatchObject(
      refused("INVALID_ARGUMENT", /traffic.green.version: .*deployed by a rollout/),
    );
    expect(traffic.of("duration")).toEqual(now);
  });
});
