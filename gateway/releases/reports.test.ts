// The process of a report; that one is made of a whole mesh is shown in test/e2e/console.test.ts.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { silent } from "../gateway-under-test.ts";
import { listen } from "../http-server.ts";
import { send } from "./console-under-test.ts";
import { reportRoutes } from "./report-route.ts";
import { createReports, type Reports } from "./reports.ts";

async function start(withinMs?: number): Promise<Reports> {
  const nats = await startNats();
  const reports = createReports({
    env: { MESH_NATS: nats.url, MESH_NATS_KEY: undefined, MESH_MODELS: "models" },
    log: silent,
    ...(withinMs === undefined ? {} : { withinMs }),
  });
  onTestFinished(async () => {
    await reports.close();
    await nats.stop();
  });
  return reports;
}

test("one is made at a time, and why there is none is said", async () => {
  const reports = await start();
  expect(reports.status("a")).toEqual({ state: "none" });
  reports.start("a");
  reports.start("a"); // it is being made
  expect(reports.status("a")).toMatchObject({ state: "running" });
  expect(() => reports.start("b")).toThrow("the report of a is being made: one at a time");
  await until("the first is over", () => reports.status("a").state === "failed");
  expect(reports.status("a")).toMatchObject({ why: expect.stringContaining("no rollout a") });
  expect(reports.file("a", "html")).toBe(undefined);
  reports.start("b");
  await until("the second is over", () => reports.status("b").state === "failed");
});

test("one that takes too long is ended", async () => {
  const reports = await start(1);
  reports.start("a");
  await until("it is over", () => reports.status("a").state === "failed");
  expect(reports.status("a")).toMatchObject({ why: expect.stringContaining("took longer") });
});

test("with the gateway goes the folder", async () => {
  const reports = await start();
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-test-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  vi.stubEnv("TMPDIR", dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await readdir(dir)).toEqual([]); // not before the first report
  reports.start("a");
  await until("it is over", () => reports.status("a").state === "failed");
  expect(await readdir(dir)).toHaveLength(1);
  await reports.close();
  expect(await readdir(dir)).toEqual([]);
});

test("the routes begin one, tell of it, and know no file that was not made", async () => {
  const { command, route } = reportRoutes(await start());
  const http = await listen([route], { listen: "127.0.0.1:0", commands: [command], log: silent });
  onTestFinished(() => http.close());
  const path = "/api/rollouts/tip-v2-1/report";
  const get = (at: string) => send(http.address, at, { method: "GET" });
  expect(await get(path)).toMatchObject({ status: 200, body: { state: "none" } });
  expect(await send(http.address, path, { body: "{}" })).toMatchObject({ status: 202 });
  expect((await send(http.address, "/api/rollouts/other/report", { body: "{}" })).status).toBe(429);
  expect((await send(http.address, path, { headers: {}, body: "{}" })).status).toBe(400);
  for (const file of ["report.html", "report.csv", "report.exe", "../../report.html"]) {
    expect((await get(`/api/rollouts/tip-v2-1/${file}`)).status).toBe(404);
  }
});
