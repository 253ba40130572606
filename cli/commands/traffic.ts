import { Argument, Command } from "commander";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import { type ModelService, modelServices } from "#kit/traffic/traffic.ts";
import { askEnvoy } from "../client/ask-envoy.ts";
import { connectToStream } from "../client/connect-to-stream.ts";
import {
  dataDirOf,
  envoyOption,
  type StreamFlags,
  streamOf,
  withStreamTarget,
} from "../client/target.ts";
import { trafficLines } from "../output/traffic-text.ts";
import { Problem } from "../problem.ts";
import { compareTraffic } from "../traffic/compare.ts";
import { readMeshFile } from "../up/mesh-file.ts";
import type { CommandContext } from "./context.ts";
import { setCommand } from "./traffic-set.ts";

interface Flags extends StreamFlags {
  envoy?: string;
  json?: true;
}

/** `mesh traffic`: which version gets which share, and how to change it by hand. */
export function trafficCommand(context: CommandContext): Command {
  return new Command("traffic")
    .description("which version gets which share of the riders")
    .addCommand(getCommand(context))
    .addCommand(setCommand(context));
}

function getCommand(context: CommandContext): Command {
  return withStreamTarget(new Command("get"))
    .description("show what was decided, and what Envoy really goes by")
    .addArgument(new Argument("[service]", "of one service").choices(modelServices))
    .addOption(envoyOption())
    .option("--json", "one JSON object a line, weights in basis points")
    .addHelpText(
      "after",
      `
Decided is what the bucket holds; events follow it. In force is what Envoy goes by for requests: an operator's
runtime_modify on its admin interface is stronger, until it is cleared or Envoy restarts.

Examples:
  mesh traffic get
  mesh traffic get duration --json | jq .slots.green.inForce.traffic`,
    )
    .action((service: ModelService | undefined, flags: Flags) => get(context, service, flags));
}

async function get(
  context: CommandContext,
  service: ModelService | undefined,
  flags: Flags,
): Promise<void> {
  const admin = adminOf(flags, context);
  const decided = await readDecided(context, flags, service ? [service] : modelServices);
  const { envoy, silent } = await askEnvoy(admin);
  const all = decided.map((traffic) => compareTraffic(traffic, envoy));
  if (flags.json) for (const traffic of all) context.print(JSON.stringify(traffic));
  else for (const line of trafficLines(all, { admin, silent })) context.print(line);
}

async function readDecided(
  context: CommandContext,
  flags: Flags,
  services: readonly ModelService[],
): Promise<Traffic[]> {
  const events = await connectToStream(streamOf(flags, context));
  try {
    const bucket = await openTrafficBucket(events);
    const stored = await Promise.all(services.map((service) => bucket.get(service)));
    const decided = stored.filter((traffic) => traffic !== undefined);
    if (decided.length === 0) throw new Problem("No traffic was decided yet: start a mesh first.");
    return decided;
  } finally {
    await events.close();
  }
}

/** The Envoy as named, else the running mesh's; none beside an event stream that is not that mesh's. */
function adminOf(flags: Flags, context: CommandContext): string | undefined {
  if (flags.envoy !== undefined || flags.nats !== undefined) return flags.envoy;
  return readMeshFile(dataDirOf(flags, context))?.admin ?? "127.0.0.1:9901";
}
