// The live view on a terminal, with the rollout service's own methods over gRPC.
import { execFile } from "node:child_process";
import { EventEmitter } from "node:events";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import pino from "pino";
import { afterEach, expect, test } from "vitest";
import { RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { handle, type RpcServer, serve } from "#kit/rpc/server.ts";
import { createRolloutService } from "../../../services/rollout/service.ts";
import { rolloutOf } from "../../../services/rollout/testing/rollouts.ts";
import { begin, createWorld, live } from "../../../services/rollout/testing/world.ts";
import { until } from "../../../test/harness/until.ts";
import { createFakeTerminal } from "../../testing/fake-terminal.ts";
import { root, runMesh } from "../../testing/run-mesh.ts";
import { watchLive } from "./watch-live.ts";

const ID = "duration-v2-1";
const ENTER = "\x1b[?1049h";
const LEAVE = "\x1b[?1049l";
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A rollout in its first stage, and a service that tells of it. */
async function startWorld() {
  const world = createWorld([]);
  world.numbers = { n: 1 };
  begin(world, rolloutOf());
  const life = await live(world);
  const service = createRolloutService({
    ...life,
    digestOf: async () => "",
    latestEventTime: async () => new Date(0),
    slotProblem: async () => undefined,
    lookEveryMs: 1,
    wake: () => undefined,
  });
  const open = async () => {
    const log = pino({ level: "silent" });
    const registration = handle(RolloutServiceDefinition, service);
    const server = await serve([registration], { listen: "127.0.0.1:0", log });
    closers.push(() => server.close(0));
    return server;
  };
  await life.engine.tend(ID);
  await life.engine.tend(ID);
  const decide = (name: "abort" | "pause") =>
    service[`${name}Rollout`]({ rolloutId: ID, who: "me", why: "enough" }, {} as never);
  return { world, ...life, open, decide };
}

function watch(address: () => string, patienceMs?: number) {
  const terminal = createFakeTerminal();
  const signals = new EventEmitter();
  const printed: string[] = [];
  const context = {
    root,
    cwd: root,
    env: {},
    stdout: terminal.stream,
    signals,
    print: (line: string) => printed.push(stripVTControlCharacters(line)),
  };
  const patience = patienceMs === undefined ? {} : { patienceMs };
  const ended = watchLive(ID, { address, context, ...patience });
  ended.catch(() => undefined); // whoever waits for it is told
  const shows = (what: RegExp) =>
    until(`it shows ${what}`, () => what.test(terminal.picture().join("\n")));
  const screens = () => {
    const times = (sequence: string) => terminal.written().split(sequence).length - 1;
    return [times(ENTER), times(LEAVE)];
  };
  return { terminal, signals, printed, ended, shows, screens };
}

test("it is drawn anew at every look and decision, until the end, and its last picture stays", async () => {
  const { world, engine, open, decide } = await startWorld();
  const server = await open();
  const { terminal, printed, ended, shows, screens } = watch(() => server.address);
  await shows(/· CONTINUE {2}made up +so it is in stage 1/);
  await shows(/green {2}v2 {2}candidate .* 5\.00 %/);
  const before = terminal.written().length;
  world.numbers = { n: 2 };
  await engine.tend(ID);
  await until("it is drawn again", () => terminal.written().length > before);
  await decide("pause");
  await shows(/PAUSED/);
  await decide("abort");
  await shows(/ABORTED/);
  await engine.tend(ID);
  await ended;
  expect(screens()).toEqual([1, 1]);
  expect(printed.join("\n")).toMatch(/ABORTED[\s\S]*✗ 5 %[\s\S]*abort by me: enough/);
  expect(printed.join("\n")).not.toContain("goes on");
});

test("Ctrl-C leaves the view and not the rollout, and says how to go on", async () => {
  const { open, releases } = await startWorld();
  const server = await open();
  const { printed, signals, ended, shows, screens } = watch(() => server.address);
  await shows(/RUNNING/);
  signals.emit("SIGINT", "SIGINT");
  await ended;
  expect(screens()).toEqual([1, 1]);
  expect(printed.slice(-2)).toEqual([
    `The rollout goes on without this view. Back to it: mesh rollout watch ${ID}`,
    `To take the candidate away: mesh rollout abort ${ID} --why "…"`,
  ]);
  expect(releases.rollout(ID)?.state).toBe(RolloutState.RUNNING);
  expect(signals.listenerCount("SIGINT")).toBe(0);
});

test("another size is another picture", async () => {
  const { open } = await startWorld();
  const server = await open();
  const { terminal, signals, ended, shows } = watch(() => server.address);
  await shows(/RUNNING/);
  const widest = () => Math.max(...terminal.picture().map((line) => [...line].length));
  expect(widest()).toBe(100);
  terminal.resize(60, 12);
  expect(widest()).toBeLessThanOrEqual(60);
  expect(terminal.picture().length).toBeLessThanOrEqual(12);
  signals.emit("SIGTERM", "SIGTERM");
  await ended;
  expect(terminal.stream.listenerCount("resize")).toBe(0);
});

test("a service that goes away is looked for, also elsewhere; what it said last is still there", async () => {
  const { open } = await startWorld();
  let server: RpcServer = await open();
  const { signals, ended, shows } = watch(() => server.address);
  await shows(/RUNNING/);
  await server.close(0);
  await shows(/RUNNING[\s\S]*^! The rollout service does not answer/m);
  server = await open();
  await shows(/^duration {2}v1 → v2.*\nduration-v2-1.*\n\n/);
  signals.emit("SIGINT", "SIGINT");
  await ended;
});

test("one that stays away is given up", async () => {
  const { open } = await startWorld();
  const server = await open();
  const { ended, shows, screens } = watch(() => server.address, 0);
  await shows(/RUNNING/);
  await server.close(0);
  await expect(ended).rejects.toThrow(/cancelled|No rollout service/i);
  expect(screens()).toEqual([1, 1]);
});

test("what was never there is an error, without a picture", async () => {
  const { open } = await startWorld();
  await expect(watch(() => "127.0.0.1:1").ended).rejects.toThrow(/No rollout service answers/);
  const server = await open();
  const terminal = createFakeTerminal();
  const context = { root, cwd: root, env: {}, signals: new EventEmitter(), print: () => undefined };
  const wanted = watchLive("none", {
    address: () => server.address,
    context: { ...context, stdout: terminal.stream },
  });
  await expect(wanted).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(terminal.written()).toBe("");
});

test("without a terminal there is a line, or a JSON object, for each change", async () => {
  const { world, engine, open, decide } = await startWorld();
  const server = await open();
  const args = ["rollout", "watch", ID, "--rollout", server.address];
  const watching = [runMesh(root, ...args, "--json", "--every-look"), runMesh(root, ...args)];
  const looking = setInterval(() => {
    world.numbers = { n: (world.numbers?.["n"] ?? 0) + 1 };
    void engine.tend(ID);
  }, 20);
  await until("some looks were taken", () => (world.numbers?.["n"] ?? 0) > 20);
  clearInterval(looking);
  await decide("abort");
  await until("it is over", async () => {
    await engine.tend(ID);
    return world.entries.some(({ body }) => body?.$case === "cleanUp");
  });
  const [json, text] = await Promise.all(watching);
  const objects = (json?.out ?? []).map((line) => JSON.parse(line));
  const seen = new Set(objects.map(({ gates }) => gates?.[0]?.numbers.n));
  expect(seen.size).toBeGreaterThan(3);
  expect(objects.at(-1)).toMatchObject({ state: "ROLLOUT_STATE_ABORTED", cleanedUp: true });
  expect(text?.out.filter((line) => line.startsWith("— ")).length).toBeLessThan(seen.size);
  expect(text?.out.join("\n")).not.toContain("\x1b");
});

test("in a real terminal: the second screen, Ctrl-C, and back", async () => {
  const { open } = await startWorld();
  const server = await open();
  const helper = join(root, "cli/testing/in-terminal.py");
  const command = [process.execPath, join(root, "cli/main.ts"), "rollout", "watch", ID];
  const { stdout } = await promisify(execFile)(
    "python3",
    [helper, "72", "30", "RUNNING", ...command, "--rollout", server.address],
    { env: { ...process.env, TERM: "xterm", NO_COLOR: "1" }, timeout: 60_000 },
  );
  const [before = "", screen = ""] = stdout.split(LEAVE)[0]?.split(ENTER) ?? [];
  expect(before).toBe("");
  const lines = stripVTControlCharacters(screen).split(/\r*\n/);
  expect(lines[0]).toMatch(/^duration {2}v1 → v2 {2}canary +RUNNING$/);
  for (const line of lines) expect([...line].length).toBeLessThanOrEqual(72);
  expect(stdout.split(LEAVE)[1]).toContain("The rollout goes on without this view.");
  expect(stdout).not.toContain("\x1b[3"); // NO_COLOR
});
