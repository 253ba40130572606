import { type Browser, chromium, type Page } from "playwright-core";
import { tools } from "./tools.ts";

/** The widths that every page is to be usable at. */
export const sizes = [
  { name: "desk", width: 1440, height: 900 },
  { name: "phone", width: 390, height: 844 },
] as const;

/** A browser of this machine's, which does not look for the internet. */
export function launchBrowser(): Promise<Browser> {
  const found = tools().chromium;
  return chromium.launch({
    executablePath: typeof found === "string" ? found : (found?.path ?? "/usr/bin/chromium"),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--no-first-run",
    ],
  });
}

/** A page, and every problem that its scripts have met. */
export async function openPage(
  browser: Browser,
  url: string,
  size: { readonly width: number; readonly height: number },
): Promise<{ page: Page; problems: string[] }> {
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
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
}
