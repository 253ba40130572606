import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Binary, Tools } from "../up/tools.ts";
import type { Finding } from "./finding.ts";

const run = promisify(execFile);

/** The oldest versions that will do. */
const oldest = { node: [24, 0], envoy: [1, 40], nats: [2, 14] } as const;

/** Node, Envoy and NATS: there, working, new enough. */
export async function checkPrograms(readTools: () => Tools): Promise<Finding[]> {
  const node: Finding = newEnough(process.versions.node, oldest.node)
    ? { name: "Node", ok: true, found: `${process.versions.node} (${process.execPath})` }
    : {
        name: "Node",
        ok: false,
        found: `${process.versions.node} is too old`,
        remedy:
          "Run ./mesh, which brings Node 24, rather than cli/main.ts with a Node of your own.",
      };
  let tools: Tools;
  try {
    tools = readTools();
  } catch {
    const remedy = "Run ./mesh or npm start: they bring Envoy and NATS.";
    return [node, { name: "Envoy and NATS", ok: false, found: "not set up", remedy }];
  }
  return [
    node,
    await checkBinary("Envoy", "ENVOY_BIN", tools.envoy, oldest.envoy),
    await checkBinary("NATS server", "NATS_BIN", tools.nats, oldest.nats),
  ];
}

async function checkBinary(
  name: string,
  variable: string,
  { path, source }: Binary,
  minimum: readonly [number, number],
): Promise<Finding> {
  const remedy = `Set ${variable} to one that is ${minimum.join(".")} or newer, or remove .tools and run ./mesh again.`;
  try {
    const { stdout } = await run(path, ["--version"], { timeout: 10_000 });
    const version = /\d+\.\d+\.\d+/.exec(stdout.replace(/[0-9a-f]{40}/, ""))?.[0] ?? "unknown";
    return newEnough(version, minimum)
      ? { name, ok: true, found: `${version}, ${source} (${path})` }
      : { name, ok: false, found: `${version} is too old (${path})`, remedy };
  } catch {
    return { name, ok: false, found: `${path} cannot be run`, remedy };
  }
}

/** Whether `24.1.0` is at least `[24, 0]`. */
export function newEnough(version: string, [major, minor]: readonly [number, number]): boolean {
  const [found = Number.NaN, foundMinor = 0] = version.split(".").map(Number);
  return found > major || (found === major && foundMinor >= minor);
}
