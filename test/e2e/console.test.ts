// The console's page of releases in a real browser, against the whole mesh.
import { pino } from "pino";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { SlotTraffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { createInstancesClient } from "#kit/instances/over-nats-client.ts";
import { createClient } from "#kit/rpc/client.ts";
import { readMeshFile } from "../../cli/up/mesh-file.ts";
import { launchBrowser, openPage, overflows, sizes } from "../harness/browser.ts";
import { startMesh, type TestMesh, tempDataDir, trips } from "../harness/mesh.ts";
import { isAborted, type Releases, releasesOf } from "../harness/releases.ts";
import { until } from "../harness/until.ts";

const { dir, remove } = await tempDataDir();
const [desk, phone] = sizes;
let mesh: TestMesh;
let releases: Releases;
let browser: Browser;
/** Open from the first test to the last, as an operator's would be. */
let page: Page;
let problems: string[];
let rolloutId = "";

beforeAll(async () => {
  mesh = await startMesh(dir, "--trips", trips, "--speed", "4000", "--keep-warm", "1s");
  [releases, browser] = await Promise.all([releasesOf(mesh), launchBrowser()]);
  await deploy("v2");
  ({ page, problems } = await openPage(browser, `http://${mesh.console}/`, desk));
});
/** Puts a version of duration into green beside blue, as a person may who wants to shift riders by hand. */
async function deploy(version: string): Promise<void> {
  const instances = createInstancesClient(releases.events, { log: pino({ level: "silent" }) });
  await instances.deploy({ service: "duration", slot: "green", version });
  instances.close();
  const { green, ...rest } = await releases.traffic("duration");
  await releases.bucket.put({ ...rest, green: { ...SlotTraffic.create(), ...green, version } });
}
afterAll(async () => {
  await browser?.close();
  await releases?.close();
  await mesh?.stop();
  await remove();
});

const rollout = () => page.getByRole("region", { name: "Rollout of tip v2" });
const dialog = () => page.getByRole("dialog");
const away = () => page.getByText("The rollout service does not answer.");

/** Says who and why in the open dialog, and sends it. */
async function sign(verb: string, why: string): Promise<void> {
  await dialog().getByLabel("Why, for the log").fill(why);
  await dialog().getByLabel("Who you are, for the log").fill("ann");
  await dialog().getByRole("button", { name: verb, exact: true }).click();
  await dialog().waitFor({ state: "detached" });
}

test("without a rollout the page says how to start one", async () => {
  await page.getByRole("link", { name: "Releases" }).click();
  await page.getByText("No rollout yet.").waitFor();
  await page.getByText("./mesh rollout start duration v2 --strategy canary").waitFor();
  const cost = page.getByRole("region", { name: "cost", exact: true });
  await cost.getByText("1 of 1 healthy").waitFor();
  expect(await cost.getByRole("button", { name: "Shift traffic" }).isDisabled()).toBe(true);
  await cost.getByText("green is empty: a rollout fills it").waitFor();
});

test("a rollout is started from the page, and shown with its curve", async () => {
  await page.getByRole("button", { name: "Start a rollout" }).click();
  await dialog().getByLabel("Service").selectOption("tip");
  await dialog().getByLabel("Version").selectOption("v2");
  await sign("Start", "the new tips");
  const [started] = (await releases.log()).flatMap(({ rolloutId: id, body }) =>
    body?.$case === "started" ? [{ id, ...body.value }] : [],
  );
  rolloutId = started?.id ?? "";
  expect(started?.decisions[0]).toMatchObject({ who: "ann", why: "the new tips" });
  await rollout().getByText("the candidate serves and answers sanely").waitFor();
  expect(await rollout().locator("[aria-current=step]").textContent()).toContain("5 %");
  const chart = rollout().getByRole("img", { name: /^Over [\d,]+ finished trips/ });
  await chart.waitFor({ timeout: 60_000 });
  expect(await chart.locator("canvas").count()).toBe(1);
  await rollout().getByRole("rowheader", { name: "realised error" }).waitFor();
  const running = page.getByRole("banner").getByRole("link", { name: "tip v1 → v2, 5 %" });
  expect(await running.getAttribute("href")).toContain(rolloutId);
});

test("the page fits a desk and a phone", async () => {
  expect(await overflows(page)).toBe(false);
  const small = await openPage(browser, `http://${mesh.console}/#/releases/${rolloutId}`, phone);
  await small.page.getByRole("region", { name: "Rollout of tip v2" }).waitFor();
  await small.page
    .getByText("finished trips that both answered")
    .or(small.page.locator(".plot"))
    .first()
    .waitFor();
  expect(await overflows(small.page)).toBe(false);
  expect(small.problems).toEqual([]);
  await small.page.close();
});

test("a refusal is shown in the service's own words", async () => {
  const { status, body } = await post("/api/rollouts", {
    requestId: "another",
    service: "tip",
    version: "v2",
    strategy: "canary",
  });
  expect(status).toBe(400);
  expect(body.message).toBe(`${rolloutId} is under way: one rollout of a service at a time`);
});

test("without the rollout service the page says so and goes on, and recovers with it", async () => {
  await until("the page says that it is away", async () => {
    const pid = readMeshFile(dir)?.pids["rollout"];
    if (pid !== undefined) process.kill(pid, "SIGKILL"); // it is started again at once
    return away().isVisible();
  });
  expect(await rollout().getByRole("button", { name: "Abort" }).isDisabled()).toBe(true);
  await page.getByRole("link", { name: "Live", exact: true }).click();
  await page.getByRole("region", { name: "Live trips" }).locator("tbody tr").first().waitFor();
  expect(await page.getByRole("status").first().textContent()).toBe("● live");
  await page.getByRole("link", { name: "Releases" }).click();
  await away().waitFor({ state: "detached", timeout: 30_000 });
  await rollout().getByText("▶ running").waitFor();
});

test("an abort from the page ends the rollout, and the log has who and why", async () => {
  await rollout().getByRole("button", { name: "Abort" }).click();
  await sign("Abort", "it was only a test");
  await releases.until("it is aborted", rolloutId, isAborted);
  const [decision] = (await releases.log(rolloutId)).flatMap(({ body }) =>
    body?.$case === "decision" && body.value.what === "abort" ? [body.value] : [],
  );
  expect(decision).toMatchObject({ who: "ann", why: "it was only a test" });
  const history = page.getByRole("region", { name: "History" });
  await history.getByRole("row", { name: /aborted ann it was only a test/ }).waitFor();
});

test("the report of a rollout is made on demand", async () => {
  await page.getByRole("link", { name: rolloutId }).click();
  await rollout().getByRole("button", { name: "Compare the rides" }).click();
  const report = page.frameLocator("iframe");
  await report.getByRole("heading", { name: /^tip: v2 against v1/ }).waitFor({ timeout: 30_000 });
  const csv = await fetch(`http://${mesh.console}/api/rollouts/${rolloutId}/report.csv`);
  expect((await csv.text()).split("\n")[0]).toContain("candidate_error");
  expect(await overflows(page)).toBe(false);
});

test("a shift of traffic by hand changes what riders get", async () => {
  expect(await version("somebody")).toBe("v1");
  await page.getByRole("link", { name: "Releases" }).click();
  const duration = page.getByRole("region", { name: "duration", exact: true });
  await duration.getByRole("button", { name: "Shift traffic" }).click();
  await dialog().getByLabel("Share of green, %").fill("100");
  await sign("Shift traffic", "all to the new one");
  await until("riders get the new version", async () => (await version("somebody")) === "v2");
  await duration.getByRole("img", { name: "Riders: blue 0 %, green 100 %" }).waitFor();
  const [push] = (await releases.log()).flatMap(({ body }) =>
    body?.$case === "push" && body.value.who === "ann" ? [body.value] : [],
  );
  expect(push).toMatchObject({ why: "all to the new one", traffic: { green: { weight: 10_000 } } });
});

test("a shift from what is not stored any more is refused", async () => {
  const shift = { revision: 1, blue: 10_000, green: 0 };
  const { status, body } = await post("/api/traffic/duration", shift);
  expect(status).toBe(409);
  expect(body.message).toMatch(
    /^the traffic of duration is at revision \d+, not 1: read it again$/,
  );
});

test("what is set by hand in Envoy is shown with the way to remove it", async () => {
  const tip = page.getByRole("region", { name: "tip", exact: true });
  const key = "traffic.tip.tip-blue";
  await fetch(`http://${mesh.admin}/runtime_modify?${key}=9000`, { method: "POST" });
  const command = `curl -X POST "http://${mesh.admin}/runtime_modify?${key}="`;
  await tip.getByText(command).waitFor();
  await tip.getByText("Envoy goes by 90 %").waitFor();
  await fetch(`http://${mesh.admin}/runtime_modify?${key}=`, { method: "POST" });
  await tip.getByText(command).waitFor({ state: "detached" });
});

test("riders' side has none of it, and nothing on the page went wrong", async () => {
  for (const path of ["/api/rollouts", `/api/rollouts/${rolloutId}/abort`, "/api/traffic/tip"]) {
    expect((await fetch(`http://${mesh.edge}${path}`, { method: "POST" })).status).toBe(405);
  }
  expect((await fetch(`http://${mesh.edge}/api/stream`)).status).toBe(404);
  expect(problems).toEqual([]);
});

async function post(path: string, value: object) {
  const response = await fetch(`http://${mesh.console}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ who: "ann", why: "a test", ...value }),
  });
  return { status: response.status, body: (await response.json()) as { message?: string } };
}

/** The version that answers a rider's quote. */
async function version(riderId: string): Promise<string | undefined> {
  const backend = createClient(BackendServiceDefinition, mesh.edge);
  try {
    const ride = { pickupZone: 74, dropoffZone: 236, pickupTime: undefined };
    const request = { ride: { ...ride, passengerCount: undefined, tripDistanceMiles: undefined } };
    const options = { timeoutMs: 5_000, headers: { "x-rider-id": riderId } };
    return (await backend.quote(request, options)).estimate?.version;
  } finally {
    backend.close();
  }
}
