// Both pages in a real browser, against the whole mesh.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, openPage, overflows, sizes } from "../harness/browser.ts";
import { startMesh, type TestMesh, tempDataDir, trips } from "../harness/mesh.ts";

const { dir, remove } = await tempDataDir();
let mesh: TestMesh;
let browser: Browser;
beforeAll(async () => {
  mesh = await startMesh(dir, "--trips", trips, "--speed", "1500");
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await mesh?.stop();
  await remove();
});

const open = (url: string, size: { width: number; height: number }) => openPage(browser, url, size);

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
