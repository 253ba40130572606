// Least rights, on a real server with the configuration that `mesh up` writes.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { AuthorizationError } from "@nats-io/transport-node";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { provision, provisionSlot } from "#kit/events/provision.ts";
import { inboxPrefix, natsUsers, OPERATOR } from "#kit/events/users.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import { firstTraffic } from "#kit/traffic/traffic.ts";
import { readEventCounts } from "../../services/rollout/event-counts.ts";
import { tools } from "../../test/harness/tools.ts";
import { type Child, startChild } from "./child.ts";
import { natsLaunch } from "./nats.ts";
import { writeNatsConfig } from "./nats-config.ts";
import { keyFile, writeNatsUsers } from "./nats-users.ts";

let dir = "";
let server: Child;
let url = "";
const open: Events[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "nats-users-"));
  const users = writeNatsUsers(dir);
  const config = writeNatsConfig(dir, { storeDir: dir, syncInterval: "1s", users });
  const operatorKey = keyFile(dir, OPERATOR);
  const binary = tools().nats.path;
  server = startChild(
    natsLaunch({ binary, config, runDir: dir, port: 0, env: process.env, operatorKey }, undefined),
    () => {},
  );
  url = (await server.ready)["nats"] ?? "";
  const operator = await connectAs(OPERATOR);
  await provision(operator);
  await provisionSlot(operator, "tip", "blue", "all");
  await (await openTrafficBucket(operator)).put(firstTraffic("tip"));
});
afterAll(async () => {
  await Promise.all(open.map((events) => events.close()));
  await server?.stop(5_000);
  rmSync(dir, { recursive: true, force: true });
});

async function connectAs(user: string): Promise<Events> {
  const events = await connectEvents({
    url,
    name: user,
    keyFile: keyFile(dir, user),
    waitForServer: false,
  });
  open.push(events);
  return events;
}

test("nobody gets in without a key, and keys are their owner's alone", async () => {
  await expect(connectEvents({ url, name: "x", waitForServer: false })).rejects.toThrow(
    AuthorizationError,
  );
  for (const { name } of natsUsers()) {
    expect(statSync(keyFile(dir, name)).mode & 0o777).toBe(0o600);
  }
});

test("keys stay the same when the configuration is written again", async () => {
  const before = statSync(keyFile(dir, "tip-blue")).mtimeMs;
  writeNatsUsers(dir);
  expect(statSync(keyFile(dir, "tip-blue")).mtimeMs).toBe(before);
});

describe("a consumer", () => {
  test("may take its events, store its predictions and read the traffic", async () => {
    const tip = await connectAs("tip-blue");
    await tip.js.publish("predictions.tip.live.t1", "");
    await tip.js.publish("dead.tip.blue", "");
    const known = Promise.withResolvers<string>();
    const bucket = await openTrafficBucket(tip);
    const watch = await bucket.watch((traffic) => known.resolve(traffic.service), {
      service: "tip",
      log: pino({ level: "silent" }),
    });
    expect(await known.promise).toBe("tip");
    watch.stop();
    const durable = await tip.js.consumers.get("TRIPS", "tip-blue");
    const operator = await connectAs(OPERATOR);
    await operator.js.publish("trips.t1.requested", "");
    const message = await durable.next({ expires: 5_000 });
    message?.ack();
    expect(message?.subject).toBe("trips.t1.requested");
  });

  test.each([
    "trips.t1.completed",
    "predictions.cost.live.t1",
    "predictions.duration.log",
    "dead.tip.green",
    "releases.r1",
    "$KV.traffic.tip",
    "redo.tip.blue.t1.requested",
  ])("may not publish on %s", async (subject) => {
    const tip = await connectAs("tip-blue");
    await expect(tip.js.publish(subject, "x")).rejects.toThrow(/Permissions Violation/);
  });

  test("may not make or remove streams and durables, or take another's events", async () => {
    const tip = await connectAs("tip-blue");
    const manager = await jetstreamManager(tip.connection, { checkAPI: false });
    const denied = [
      manager.streams.add({ name: "MINE", subjects: ["mine.>"] }),
      manager.streams.delete("TRIPS"),
      manager.consumers.add("TRIPS", { durable_name: "mine" }),
      manager.consumers.delete("TRIPS", "tip-blue"),
      manager.consumers.info("TRIPS", "tip-green"),
    ];
    for (const attempt of denied) await expect(attempt).rejects.toThrow(/Permissions Violation/);
  });

  test.each([
    ["another's replies", `${inboxPrefix("backend")}.>`],
    ["everything", ">"],
    ["the trips, past its durable", "trips.>"],
    ["another's predictions", "predictions.cost.>"],
  ])("may not listen to %s", async (_, subject) => {
    const tip = await connectAs("tip-blue");
    const refused = new Promise((resolve) => {
      tip.connection.subscribe(subject, { callback: (error) => resolve(error) });
    });
    expect(String(await refused)).toMatch(/Permissions Violation/);
  });
});

test("Backend publishes trips, and nobody's predictions", async () => {
  const backend = await connectAs("backend");
  await backend.js.publish("trips.t2.requested", "");
  await expect(backend.js.publish("predictions.tip.live.t2", "")).rejects.toThrow(/Violation/);
});

test("the gateway only reads", async () => {
  const gateway = await connectAs("gateway");
  for (const subject of ["trips.t3.requested", "predictions.tip.live.t3", "$KV.traffic.tip"]) {
    await expect(gateway.js.publish(subject, "")).rejects.toThrow(/Violation/);
  }
});

describe("rollout", () => {
  test("asks for instances, hears of deaths, writes its log and the traffic, scores in hindsight", async () => {
    const rollout = await connectAs("rollout");
    const operator = await connectAs(OPERATOR);
    const asked = operator.connection.subscribe("instances.list", {
      callback: (_, message) => void message.respond("{}"),
    });
    await operator.connection.flush();
    expect((await rollout.connection.request("instances.list", "{}")).string()).toBe("{}");
    asked.unsubscribe();
    const heard = new Promise((resolve) => {
      rollout.connection.subscribe("instances.exits", {
        callback: (error, message) => resolve(error ?? message.string()),
      });
    });
    await rollout.connection.flush();
    operator.connection.publish("instances.exits", "one");
    expect(await heard).toBe("one");
    await rollout.js.publish("releases.r1", "");
    await rollout.js.publish("predictions.tip.hindsight.t1", "");
    const bucket = await openTrafficBucket(rollout);
    const traffic = await bucket.get("tip");
    if (traffic) await bucket.put({ ...traffic, salt: "tip-2" });
    expect((await bucket.get("tip"))?.salt).toBe("tip-2");
  });

  test.each(["TRIPS", "PREDICTIONS", "RELEASES"])("reads %s in order", async (stream) => {
    const operator = await connectAs(OPERATOR);
    const subject = { TRIPS: "trips.t9.requested", PREDICTIONS: "predictions.tip.live.t9" }[stream];
    await operator.js.publish(subject ?? "releases.r9", "");
    const rollout = await connectAs("rollout");
    const consumer = await rollout.js.consumers.get(stream, {
      filter_subjects: subject ?? "releases.r9",
    });
    const messages = await consumer.consume();
    for await (const message of messages) {
      expect(message.subject).toBe(subject ?? "releases.r9");
      break;
    }
    const manager = await jetstreamManager(rollout.connection, { checkAPI: false });
    await manager.streams.info(stream);
    if (stream === "TRIPS") await manager.consumers.info(stream, "tip-blue"); // how far a slot is
  });

  test("counts the events and the dead letters of a slot", async () => {
    const counts = await readEventCounts(await connectAs("rollout"), "tip");
    expect(counts.blue).toMatchObject({ requests: expect.any(Number), errors: expect.any(Number) });
  });

  test.each([
    "trips.t1.completed",
    "redo.tip.blue.t1.requested",
    "predictions.tip.live.t1",
    "predictions.duration.log",
    "dead.tip.green",
    "instances.exits",
    "instances.anything",
    "$KV.other.tip",
  ])("may not publish on %s", async (subject) => {
    const rollout = await connectAs("rollout");
    await expect(rollout.js.publish(subject, "x")).rejects.toThrow(/Permissions Violation/);
  });

  test("may not touch streams, or the durables of others", async () => {
    const rollout = await connectAs("rollout");
    const manager = await jetstreamManager(rollout.connection, { checkAPI: false });
    const durable = { durable_name: "tip-blue", ack_policy: "explicit" as const };
    const denied = [
      () => manager.streams.add({ name: "MINE", subjects: ["mine.>"] }),
      () => manager.streams.delete("RELEASES"),
      () => manager.streams.purge("RELEASES"),
      () => manager.consumers.add("TRIPS", durable),
      () => manager.consumers.add("TRIPS", { ...durable, filter_subject: "trips.>" }),
      () => manager.consumers.add("TRIPS", { name: "tip-blue", filter_subjects: ["trips.>"] }),
      () => manager.consumers.delete("TRIPS", "tip-blue"),
      () => manager.consumers.delete("PREDICTIONS", "backend-ledger"),
      () => rollout.connection.request("$JS.API.CONSUMER.MSG.NEXT.TRIPS.tip-blue", "1"),
    ];
    for (const attempt of denied) await expect(attempt()).rejects.toThrow(/Permissions Violation/);
  });

  test.each([
    ["requests for instances", "instances.deploy"],
    ["everything", ">"],
    ["the trips, past a consumer", "trips.>"],
  ])("may not listen to %s", async (_, subject) => {
    const rollout = await connectAs("rollout");
    const refused = new Promise((resolve) => {
      rollout.connection.subscribe(subject, { callback: (error) => resolve(error) });
    });
    expect(String(await refused)).toMatch(/Permissions Violation/);
  });
});

describe("report", () => {
  test.each(["TRIPS", "PREDICTIONS", "RELEASES"])("reads %s", async (stream) => {
    const operator = await connectAs(OPERATOR);
    const subject =
      { TRIPS: "trips.t8.requested", PREDICTIONS: "predictions.tip.live.t8" }[stream] ??
      "releases.r8";
    await operator.js.publish(subject, "");
    const report = await connectAs("report");
    const filter = stream === "RELEASES" ? [subject] : subject; // as the report asks
    const consumer = await report.js.consumers.get(stream, { filter_subjects: filter });
    const messages = await consumer.consume();
    for await (const message of messages) {
      expect(message.subject).toBe(subject);
      break;
    }
  });

  test("writes nothing, and leaves the durables of others alone", async () => {
    const report = await connectAs("report");
    for (const subject of ["trips.t3.requested", "releases.r1", "$KV.traffic.tip"]) {
      await expect(report.js.publish(subject, "")).rejects.toThrow(/Violation/);
    }
    const manager = await jetstreamManager(report.connection, { checkAPI: false });
    await expect(manager.consumers.delete("TRIPS", "tip-blue")).rejects.toThrow(/Violation/);
  });
});

test("nobody but rollout asks for instances", async () => {
  for (const name of ["backend", "gateway", "report", "tip-blue", "duration-green"]) {
    const { connection } = await connectAs(name);
    await expect(connection.request("instances.retire", "{}")).rejects.toThrow(/Violation/);
  }
});
