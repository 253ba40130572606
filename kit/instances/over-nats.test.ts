// The rollout process and the supervisor, with a real server between them.

import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Events } from "#kit/events/connect.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import type { Instance, InstanceExit, Instances } from "./instances.ts";
import { createInstancesClient, type InstancesClient } from "./over-nats-client.ts";
import { serveInstances } from "./over-nats-server.ts";

const green = { service: "tip", slot: "green" } as const;
const key = { ...green, index: 1 };
const one: Instance = {
  ...key,
  version: "v2",
  name: "tip-green-2",
  address: "127.0.0.1:7351",
  ready: false,
  deaths: { count: 2, lastAt: new Date("2026-11-25T10:00:00.123Z") },
};
const fresh: Instance = { ...one, index: 0, deaths: { count: 0, lastAt: undefined } };

let nats: TestNats;
let events: Events;
let client: InstancesClient;
let served: { stop(): void };
/** What the driver was asked for. */
let asked: unknown[] = [];
let work: () => Promise<void> = async () => undefined;
let tell: ((exit: InstanceExit) => void) | undefined;
const errors: string[] = [];

const driver: Instances = {
  async deploy(deployment) {
    asked.push(deployment);
    await work();
  },
  async replace(instance, version) {
    asked.push({ instance, version });
    await work();
  },
  async retire(slot) {
    asked.push(slot);
    await work();
  },
  list: async () => [fresh, one],
  onExit(listener) {
    tell = listener;
    return () => {
      tell = undefined;
    };
  },
};

beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect("operator");
});
beforeEach(async () => {
  asked = [];
  work = async () => undefined;
  served = serveInstances(events, driver, {
    onError: (message) => errors.push(message),
    pendingAfterMs: 50,
  });
  await events.connection.flush();
  client = createInstancesClient(await nats.connect("rollout"), {
    log: pino({ level: "silent" }),
    answerWithinMs: 500,
    withinMs: 2_000,
  });
});
afterEach(() => {
  client.close();
  served.stop();
});
afterAll(() => nats?.stop());

const deploy = () => client.deploy({ ...green, version: "v2" });

test("requests and answers arrive as they were meant", async () => {
  await deploy();
  await client.replace(key, "v3");
  await client.retire(green);
  expect(asked).toMatchObject([
    { ...green, version: "v2" },
    { instance: key, version: "v3" },
    green,
  ]);
  expect(await client.list()).toEqual([fresh, one]);
});

test("the driver's error comes with its code and sentence, and nothing from inside", async () => {
  work = () => Promise.reject(new MeshError("FAILED_PRECONDITION", "tip-green holds v1"));
  await expect(deploy()).rejects.toMatchObject({
    code: "FAILED_PRECONDITION",
    message: "tip-green holds v1",
  });
  work = () => Promise.reject(new Error("a secret"));
  await expect(deploy()).rejects.toMatchObject({ code: "INTERNAL", message: "internal error" });
  expect(errors).toEqual(["the instance driver failed at deploy"]);
});

test("work that takes longer than an answer is waited for, and done once", async () => {
  const done = Promise.withResolvers<void>();
  work = () => done.promise;
  const requests: string[] = [];
  const listening = events.connection.subscribe("instances.deploy", {
    callback: (_, message) => {
      if (requests.push(message.string()) === 3) done.resolve();
    },
  });
  await deploy();
  listening.unsubscribe();
  expect(new Set(requests).size).toBe(1);
  expect(asked).toHaveLength(1);
});

test("a repeated request is the same one, and its id no other's", async () => {
  const { connection } = events;
  const ask = async (body: object) =>
    (await connection.request("instances.retire", JSON.stringify(body))).json();
  expect(await ask({ id: "a", ...green })).toEqual({ done: {} });
  expect(await ask({ id: "a", ...green })).toEqual({ done: {} });
  expect(asked).toHaveLength(1);
  expect(await ask({ id: "a", ...green, slot: "blue" })).toMatchObject({
    error: { code: "INVALID_ARGUMENT", message: "retire: the id a is another request's" },
  });
  expect(await ask({ id: "b" })).toMatchObject({
    error: { code: "INVALID_ARGUMENT", message: expect.stringMatching(/service: .*; slot: /) },
  });
  expect(await ask({ id: "", ...green, force: true })).toMatchObject({
    error: { code: "INVALID_ARGUMENT" },
  });
  expect(asked).toHaveLength(1);
});

test("a death is told at once", async () => {
  const exit: InstanceExit = {
    ...key,
    version: "v2",
    name: "tip-green-2",
    code: undefined,
    signal: "SIGKILL",
    at: new Date("2026-11-25T10:00:01.000Z"),
  };
  const heard = Promise.withResolvers<InstanceExit>();
  client.onExit(heard.resolve);
  await client.list(); // its subscription is known to the server by now
  tell?.(exit);
  expect(await heard.promise).toEqual(exit);
});

test("without a supervisor a request is UNAVAILABLE at once", async () => {
  served.stop();
  await events.connection.flush();
  const request = deploy();
  await expect(request).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(request).rejects.toThrow("nobody runs instances");
});

test("a supervisor that goes in the middle is UNAVAILABLE, within the time of an answer", async () => {
  const taken = Promise.withResolvers<void>();
  work = () => {
    taken.resolve();
    return new Promise(() => undefined);
  };
  const began = performance.now();
  const request = deploy();
  request.catch(() => undefined); // looked at below
  await taken.promise;
  served.stop();
  await expect(request).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(performance.now() - began).toBeLessThan(1_500);
});

test("work that never ends is given up at the deadline", async () => {
  work = () => new Promise(() => undefined);
  await expect(deploy()).rejects.toMatchObject({
    code: "DEADLINE_EXCEEDED",
    message: "deploy still goes on after 2 s",
  });
});

test("without the server between them a request is UNAVAILABLE, and works again after it", async () => {
  await nats.kill();
  await expect(client.list()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await nats.restart();
  await expect.poll(() => client.list().catch(() => []), { timeout: 10_000 }).toHaveLength(2);
});
