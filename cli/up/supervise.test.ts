import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { createBackOff } from "./back-off.ts";
import type { Launch, Listening } from "./child.ts";
import { identify } from "./process-identity.ts";
import type { ProcessLog } from "./process-log.ts";
import { type Supervised, type SuperviseOptions, supervise } from "./supervise.ts";

const script = fileURLToPath(new URL("testing/announcing.ts", import.meta.url));
const running: Supervised[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.stop(100)));
});

function launchOf(...args: string[]): Launch {
  const { PATH } = process.env;
  return {
    name: "child",
    command: process.execPath,
    args: [script, ...args],
    env: { PATH },
    cwd: "/",
    ready: "announce",
  };
}

function start(options: Partial<SuperviseOptions> & Pick<SuperviseOptions, "launch">) {
  const said: string[] = [];
  const log: ProcessLog = {
    path: "",
    take: (line) => said.push(line),
    say: (_, message) => said.push(message),
    tail: () => said,
    expectEnd: () => undefined,
    close: () => undefined,
  };
  const process = supervise({ log, backOff: createBackOff({ firstMs: 10 }), ...options });
  running.push(process);
  return { process, said };
}

test("a process that dies is started again and tells its new address", async () => {
  const ready: Listening[] = [];
  const twice = Promise.withResolvers<void>();
  const exits: (number | null)[] = [];
  const { process, said } = start({
    launch: () => (ready.length === 0 ? launchOf("die-after", "20") : launchOf("stay")),
    onReady: (listening) => {
      if (ready.push(listening) === 2) twice.resolve();
    },
    onExit: ({ code }) => exits.push(code),
  });
  const first = await process.started;
  await twice.promise;
  expect(exits).toEqual([3]);
  expect(ready[0]).toEqual(first);
  expect(ready[1]?.["rpc"]).not.toBe(first["rpc"]);
  expect(said).toContain("died (exit 3); starting it again in 0.01 s");
});

test("a first run that ends before it is ready is a failure, not restarted", async () => {
  const { process } = start({
    launch: () => ({ ...launchOf(), args: ["-e", "process.exit(4)"] }),
  });
  await expect(process.started).rejects.toThrow("ended before it was ready (exit 4)");
  expect(process.pid).toBeUndefined();
});

test("a program that is not there is a failure", async () => {
  const { process, said } = start({ launch: () => ({ ...launchOf(), command: "/no/such" }) });
  await expect(process.started).rejects.toThrow("ended before it was ready");
  expect(said.join()).toContain("/no/such cannot be started");
});

test("a process that never becomes ready is ended", async () => {
  const { process } = start({ launch: () => launchOf("mute"), readyWithinMs: 300 });
  await expect(process.started).rejects.toThrow("ended before it was ready (SIGKILL)");
});

test("one that ignores SIGTERM is killed in time, and nothing is left", async () => {
  const { process } = start({ launch: () => launchOf("stubborn") });
  await process.started;
  const { pid = 0 } = process;
  const began = performance.now();
  await process.stop(300);
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(identify(pid)).toBeUndefined();
});

test("a stop during the wait of a back-off ends it", async () => {
  const died = Promise.withResolvers<void>();
  const { process } = start({
    launch: () => launchOf("die-after", "1"),
    backOff: createBackOff({ firstMs: 60_000 }),
    onExit: () => died.resolve(),
  });
  await process.started;
  await died.promise;
  await process.stop(100);
  expect(process.pid).toBeUndefined();
});

test("work that is finished is not started again", async () => {
  const finished = Promise.withResolvers<boolean>();
  const { process, said } = start({
    launch: () => launchOf("finish-after", "10"),
    mayFinish: true,
    onExit: (_, done) => finished.resolve(done),
  });
  await process.started;
  expect(await finished.promise).toBe(true);
  await process.stop(100);
  expect(said.filter((line) => line.includes("hello"))).toHaveLength(1);
});
