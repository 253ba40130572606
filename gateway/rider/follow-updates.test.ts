// The page's way of following updates in a real browser, by both ways, through an outage that refuses it.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { publishPrediction } from "#kit/events/publish-prediction.ts";
import { tools } from "../../test/harness/tools.ts";
import { until } from "../../test/harness/until.ts";
import { prediction } from "../gateway-under-test.ts";
import { type Processes, startProcesses, watchersOf } from "../processes-under-test.ts";

const ways = ["direct", "backend"] as const;
vi.setConfig({ testTimeout: 90_000 }); // for a machine that does other work as well

let processes: Processes;
let browser: Browser;

beforeAll(async () => {
  processes = await startProcesses();
  const found = tools().chromium;
  browser = await chromium.launch({
    executablePath: typeof found === "string" ? found : (found?.path ?? "/usr/bin/chromium"),
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
  });
});
afterAll(async () => {
  await browser?.close();
  await processes.stop();
});

/** A page that follows a trip with our code, and what it has heard. */
async function follow(origin: string, url: string) {
  const page = await browser.newPage();
  await page.goto(`${origin}/readyz`);
  const source = readFileSync(new URL("follow-updates.ts", import.meta.url), "utf8");
  const code = Buffer.from(stripTypeScriptTypes(source)).toString("base64");
  const heard: string[] = [];
  await page.exposeFunction("hear", (word: string) => heard.push(word));
  // As text: the test's own compiler would put its helpers into a function.
  await page.evaluate(`(async () => {
    const { followUpdates } = await import("data:text/javascript;base64,${code}");
    followUpdates((after) => "${url}" + (after ? "&after=" + after : ""), {
      connection: hear,
      update(data) {
        const { kind, seq } = JSON.parse(data);
        hear(kind.replace("TRIP_UPDATE_KIND_", "") + " " + seq);
      },
    });
  })()`);
  return heard;
}

test("a page that was cut and then refused comes back, and repeats and misses nothing", async () => {
  const first = await processes.startGateway();
  const listen = first.listening["http"] ?? "";
  const trips = await processes.requestTrips(ways.length);
  const pages = await Promise.all(
    trips.map(({ tripId, riderId }, i) =>
      follow(`http://${listen}`, `/v1/trips/${tripId}/updates?via=${ways[i]}&rider=${riderId}`),
    ),
  );
  const all = (word: string) => pages.every((heard) => heard.includes(word));
  await until("both have the estimate and the state", () => all("DURATION 1") && all("STATE 1"));

  await first.end("SIGTERM");
  await processes.crashBackend(); // who comes to a gateway without Backend is refused
  const second = await processes.startGateway({ MESH_GATEWAY_LISTEN: listen });
  const refusals = () =>
    pages.map((heard) => heard.filter((word) => word === "reconnecting").length);
  await until("both were refused", () => refusals().every((count) => count > 1));
  const services = await processes.nats.connect("services");
  for (const { tripId } of trips) {
    for (const service of ["tip", "cost"]) {
      await publishPrediction(services, prediction(tripId, 1, service, 3));
    }
  }
  await processes.restartBackend();
  const watchers = await watchersOf(second);
  await until("both are back", () => watchers() === ways.length);
  for (const { tripId, riderId } of trips) {
    const headers = { "x-rider-id": riderId };
    const cancel = { tripId, eventTime: undefined };
    await processes.client.cancelTrip(cancel, { timeoutMs: 10_000, headers });
  }
  await until("both are told the end", () => all("ended"));
  for (const heard of pages) {
    const updates = heard.filter((word) => word.includes(" ")).sort();
    expect(updates).toEqual(["COST 1", "DURATION 1", "STATE 1", "STATE 2", "TIP 1"]);
  }
});
