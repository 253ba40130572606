import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Clears what a failed or killed set-up left behind. Call it in turn: then nobody else's work is under way. */
export function removeLeftovers(place) {
  mkdirSync(place.tools, { recursive: true });
  const leftovers = readdirSync(place.tools).filter(
    (name) => name.startsWith("tmp-") || name.endsWith(".log"),
  );
  for (const name of leftovers) rmSync(join(place.tools, name), { recursive: true, force: true });
}
