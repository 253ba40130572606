// Both pages in a real browser, against the whole mesh.
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startMesh, type TestMesh, tempDataDir, trips } from "../harness/mesh.ts";
import { tools } from "../harness/tools.ts";

const { dir, remove } = await tempDataDir();
const sizes = [
  { name: "desk", width: 1440, height: 900 },
  { name: "phone", width: 390, height: 844 },
] as const;
let mesh: TestMesh;
let browser: Browser;
beforeAll(async () => {
  mesh = await startMesh(dir, "--trips", trips, "--speed", "1500");
  const found = tools().chromium;
  browser = await chromium.launch({
    executablePath: typeof found === "string" ? found : (found?.path ?? "/usr/bin/chromium"),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking", // it is not to look for the internet
      "--disable-component-update",
      "--no-first-run",
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  await mesh?.stop();
  await remove();
});

/** A page, and every problem that its scripts have met. */
async function open(url: string, size: { width: number; height: number }) {
  const page = await browser.newPage({ viewport: { width: size.width, height: size.height } });
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    // The page closes a stream that has told it its end; that is no failure.
    if (reason !== "net::ERR_ABORTED") problems.push(`${request.url()} failed: ${reason}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.url()} ${response.status()}`);
  });
  await page.goto(url);
  return { page, problems };
}

/** Whether anything is wider than the window. */
const overflows = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

async function choose(page: Page, label: string, zone: string) {
  const field = page.getByRole("combobox", { name: label });
  await field.click();
  await field.fill(zone);
  await page.getByRole("option", { name: zone }).first().click();
}

describe.each(sizes)("at $width pixels", (size) => {
  test("a rider sees an estimate, asks for the ride, and watches it to its end", async () => {
    const { page, problems } = await open(`http://${mesh.edge}/`, size);
    await choose(page, "From", "East Harlem North");
    await choose(page, "To", "Upper East Side North");
    const request = page.getByRole("button", { name: "Request this ride" });
    await request.click(); // waits until the estimate has come
    await page.getByText("Stage of the ride").or(page.locator(".stages")).first().waitFor();
    await page.getByRole("button", { name: "Simulate my ride" }).click();
    await page.getByText("complete", { exact: true }).waitFor({ timeout: 40_000 });
    const ride = page.getByRole("region", { name: "Your ride" });
    const text = (await ride.textContent()) ?? "";
    expect(text).toMatch(/Cost expected now\s*\$\d/);
    expect(text).toMatch(/Tip expected\s*\$\d/);
    expect(text).toContain("simulated");
    expect(await overflows(page)).toBe(false);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("an operator sees live trips with their estimates and their truth", async () => {
    const { page, problems } = await open(`http://${mesh.console}/`, size);
    const table = page.getByRole("region", { name: "Live trips" });
    await table.locator("tbody tr").first().waitFor({ timeout: 30_000 });
    expect(await table.locator("tbody tr").count()).toBeGreaterThan(0);
    const versions = await page.getByLabel("Live versions").textContent();
    for (const service of ["duration", "tip", "cost"]) expect(versions).toContain(service);
    expect(versions).toContain("v1");
    expect(await overflows(page)).toBe(false);
    expect(problems).toEqual([]);
    await page.close();
  });
});
