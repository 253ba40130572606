import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Problem } from "../problem.ts";

const binary = z.object({ path: z.string(), version: z.string(), source: z.string() });
const toolsSchema = z.object({ node: z.string(), envoy: binary, nats: binary });

/** The programs that the set-up chose or brought. */
export type Tools = z.output<typeof toolsSchema>;
export type Binary = z.output<typeof binary>;

/** Reads what the set-up wrote, which obeyed ENVOY_BIN and NATS_BIN; they also serve where it never ran. */
export function readTools(root: string, env: NodeJS.ProcessEnv): Tools {
  const path = join(root, ".tools", "tools.json");
  let found: Partial<Tools> = {};
  try {
    found = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // not written: the variables have to do
  }
  const named = (variable: string): Binary | undefined => {
    const chosen = env[variable];
    return chosen ? { path: chosen, version: "unknown", source: variable } : undefined;
  };
  const tools = toolsSchema.safeParse({
    node: found.node ?? process.execPath,
    envoy: found.envoy ?? named("ENVOY_BIN"),
    nats: found.nats ?? named("NATS_BIN"),
  });
  if (tools.success) return tools.data;
  throw new Problem("Envoy and NATS are not set up: start the mesh with ./mesh or npm start.");
}
