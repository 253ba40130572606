// The console's page of a trip in a real browser, against the whole mesh: its story and its traces.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, openPage, overflows, sizes } from "../harness/browser.ts";
import { startMesh, type TestMesh, tempDataDir } from "../harness/mesh.ts";
import { takeTrip } from "../traces/one-trip.ts";
import { deployShadows } from "../traces/shadows.ts";

const { dir, remove } = await tempDataDir();
const [desk, phone] = sizes;
let mesh: TestMesh;
let browser: Browser;
let page: Page;
let problems: string[];
let tripId = "";

beforeAll(async () => {
  [mesh, browser] = await Promise.all([
    startMesh(dir, "--no-replay", "--trace-rate", "1"),
    launchBrowser(),
  ]);
  ({ page, problems } = await openPage(browser, `http://${mesh.console}/#/trips`, desk));
});
afterAll(async () => {
  await browser?.close();
  await mesh?.stop();
  await remove();
});

const story = () => page.getByRole("region", { name: "Story" });
const traces = () => page.getByRole("region", { name: "Traces", exact: true });
const trace = () => traces().getByRole("region", { name: /^Trace / });
const spans = (name: RegExp) => trace().first().getByRole("button", { name });

test("without a trace the page says how to get one", async () => {
  await page.getByText("No trace of a trip is here.").waitFor();
  await page.getByText("100 % of the trips that the replay begins").waitFor();
  await page.getByText("./mesh up --trace-rate 1").waitFor();
});

test("a ride's line on the live page leads to its story", async () => {
  await deployShadows(mesh);
  ({ tripId } = await takeTrip(mesh));
  await page.getByRole("link", { name: "Live", exact: true }).click();
  const line = page.getByRole("region", { name: "Live trips" }).getByRole("row", { name: /done/ });
  await line.getByRole("link").click();
  await story().getByRole("heading", { name: "Truth" }).waitFor();
  const text = (await story().textContent()) ?? "";
  expect(text).toContain(tripId);
  for (const event of ["1. requested", "2. started", "3. completed"]) expect(text).toContain(event);
  for (const service of ["duration v1 blue", "dynamic-duration v1 blue", "tip v1", "cost v1"]) {
    expect(text).toContain(service);
  }
  expect(text).toMatch(/Truth12\.0 min, \$20\.00, tip \$2\.00First estimate [+−]\d+\.\d min off/);
  expect(text).toContain("✓ What the model was fed, by its hash.");
  expect(await story().getByText("pickup_zone").first().isVisible()).toBe(false); // folded away
});

test("its trace is a waterfall from Envoy to the push, and tells what a mirror did", async () => {
  const hops = [
    /envoy-edge ingress/,
    /backend BackendService\/RequestTrip/,
    /envoy-mesh router duration-blue egress/,
    /duration ■ blue model duration/,
    /backend outbox/,
    /backend publish trips\.\*\.requested/,
    /tip ■ blue process trips\.\*\.requested/,
    /cost ■ blue model cost/,
    /gateway push update \(cost\)/,
    /duration ■ green DurationService\/Predict mirrored/,
  ];
  for (const hop of hops) await spans(hop).first().waitFor();
  const shown = await traces().evaluate((node) => node.textContent);
  expect(shown).toContain("BackendService/StartTrip");
  expect(
    await trace()
      .first()
      .getByRole("button", { name: /model tip/ })
      .count(),
  ).toBe(2);
});

test("a span's attributes open by the keyboard, and causes are links", async () => {
  await spans(/router duration-blue egress/).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await trace().getByText("tripmesh.model.digest").waitFor();
  await spans(/router duration-blue egress/).focus();
  await trace()
    .first()
    .getByRole("link", { name: /publish predictions\.duration\.log/ })
    .first()
    .click();
  const other = page.getByRole("region", { name: "Traces", exact: true });
  await other.getByRole("button", { name: /^duration ■ \w+ publish predictions/ }).click();
  await other
    .getByRole("link", { name: /^trace [0-9a-f]{8}…$/ })
    .first()
    .waitFor();
  await page.goBack();
});

test("ids and the line for grpcurl are copied", async () => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await story().getByRole("button", { name: "copy the trip's id" }).click();
  await story().getByText("copied").waitFor();
  expect(await copied()).toBe(tripId);
  await trace().first().getByRole("button", { name: "copy the trace's id" }).click();
  await trace().first().getByText("copied").waitFor();
  expect(await trace().first().getAttribute("aria-label")).toBe(`Trace ${await copied()}`);
  await story().getByText("Ask for the same ride again").click();
  await story().getByRole("button", { name: "copy the grpcurl line" }).click();
  await story().locator(".line").getByText("copied").waitFor();
  expect(await copied()).toMatch(
    /^grpcurl -plaintext -H 'x-rider-id: me' .* -d '\{"requestId":"\w+","ride":\{"pickupZone":74,"dropoffZone":236,.*' [\d.:]+ tripmesh\.backend\.v1\.BackendService\/RequestTrip$/,
  );
});

test("an unknown trip says so, and another one is found by its id", async () => {
  const seen = problems.splice(0);
  expect(seen).toEqual([]);
  await page.getByLabel("Trip", { exact: true }).fill("nobody");
  await page.keyboard.press("Enter");
  await story().getByText("The streams hold no trip nobody.").waitFor();
  await traces().getByText("No trace of this trip is here.").waitFor();
  expect(problems.every((problem) => problem.endsWith("/api/trips/nobody/story 404"))).toBe(true);
  await page.getByRole("link", { name: "latest traced trips" }).click();
  await page.getByRole("link", { name: tripId }).click();
  await story().getByRole("heading", { name: "Truth" }).waitFor();
});

test("with a collector elsewhere the page says where to look", async () => {
  const recording = { isHere: false, collector: "http://jaeger:4317", rate: 0.05 };
  const { page: other } = await openPage(browser, "about:blank", desk);
  await other.route("**/api/traces?trip=*", (route) => route.fulfill({ json: { traces: [] } }));
  await other.route("**/api/traces/latest", (route) =>
    route.fulfill({ json: { trips: [], recording } }),
  );
  await other.goto(`http://${mesh.console}/#/trips/${tripId}`);
  await other.getByText("Traces go to http://jaeger:4317").waitFor();
  await other.getByText(`tripmesh.trip.id = ${tripId}`).waitFor();
  await other.close();
});

test("hundreds of spans are shown in part first, and what failed says so", async () => {
  const spans = Array.from({ length: 400 }, (_, at) => ({
    ...{ traceId: "a".repeat(32), spanId: `s${at}`, parentSpanId: at === 0 ? "" : "s0" },
    ...{ name: `step ${at}`, kind: "internal", service: "backend", slot: "", links: [] },
    ...{ startMs: at, durationMs: 1, failed: at === 1, attributes: {} },
  }));
  const known = [{ traceId: "a".repeat(32), spans, dropped: 7 }];
  const { page: many, problems: met } = await openPage(browser, "about:blank", phone);
  await many.route("**/api/traces?trip=*", (route) => route.fulfill({ json: { traces: known } }));
  await many.goto(`http://${mesh.console}/#/trips/${tripId}`);
  await many.getByRole("button", { name: /^backend step 1 ✕ failed/ }).waitFor();
  await many.getByText("7 more spans were dropped").waitFor();
  await many.getByRole("button", { name: "Show all 400 spans" }).click();
  expect(await many.locator("button.span").count()).toBe(400);
  const head = many.getByRole("button", { name: /400 spans of 1 part ✕ 1 failed/ });
  await head.click();
  expect(await many.locator("button.span").count()).toBe(0); // folded away
  expect(await overflows(many)).toBe(false);
  expect(met).toEqual([]);
  await many.close();
});

test("the page fits a desk and a phone", async () => {
  await spans(/model duration/)
    .first()
    .click();
  expect(await overflows(page)).toBe(false);
  const small = await openPage(browser, `http://${mesh.console}/#/trips/${tripId}`, phone);
  await small.page
    .getByRole("button", { name: /model duration/ })
    .first()
    .click();
  await small.page.getByText("tripmesh.model.digest").first().waitFor();
  await small.page.getByText("Ask for the same ride again").click();
  expect(await overflows(small.page)).toBe(false);
  expect(small.problems).toEqual([]);
  await small.page.close();
});
