import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "./finding.ts";

/** The rider's page and the console are built. */
export async function checkPages(root: string): Promise<Finding[]> {
  return Promise.all(
    ["rider", "console"].map(async (page): Promise<Finding> => {
      const name = `page ${page}`;
      try {
        await access(join(root, "gateway", "dist", page, "index.html"));
        return { name, ok: true, found: "built" };
      } catch {
        const remedy = "Run ./mesh or npm start: they build the pages.";
        return { name, ok: false, found: "not built", remedy };
      }
    }),
  );
}
