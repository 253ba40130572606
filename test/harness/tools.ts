import { readFileSync } from "node:fs";
import { z } from "zod";

const schema = z.object({
  node: z.string(),
  envoy: z.object({ path: z.string() }),
  nats: z.object({ path: z.string() }),
  chromium: z.union([z.string(), z.object({ path: z.string() })]).optional(),
});

/** The binaries that the set-up found or fetched. Without them a test fails; it is never skipped. */
export function tools() {
  const file = new URL("../../.tools/tools.json", import.meta.url);
  return schema.parse(JSON.parse(readFileSync(file, "utf8")));
}
