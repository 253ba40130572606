import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { address } from "../commands/arguments.ts";
import type { CommandContext } from "../commands/context.ts";
import { readMeshFile } from "../up/mesh-file.ts";

/** Which mesh a command talks to, and as whom. */
export interface TargetFlags {
  edge?: string;
  dataDir?: string;
  rider: string;
}

/** Adds `--edge`, `--data-dir` and `--rider` to a command that talks to a mesh. */
export function withTarget(command: Command): Command {
  return command
    .addOption(
      new Option("--edge <host:port>", "the mesh to talk to (default: the running one)")
        .env("MESH_EDGE")
        .argParser(address),
    )
    .option("--data-dir <path>", "of the running mesh (default: .mesh)")
    .option("--rider <id>", "who asks", "cli");
}

/** The edge as asked for, else the running mesh's, else the usual one. */
export function edgeOf(
  flags: Pick<TargetFlags, "edge" | "dataDir">,
  context: CommandContext,
): string {
  return flags.edge ?? readMeshFile(dataDirOf(flags, context))?.edge ?? "127.0.0.1:8080";
}

/** The event stream as asked for, else the running mesh's, else the usual one. */
export function natsOf(
  flags: { readonly nats?: string; readonly dataDir?: string },
  context: CommandContext,
): string {
  return flags.nats ?? readMeshFile(dataDirOf(flags, context))?.nats ?? "nats://127.0.0.1:4222";
}

/** The data directory as asked for, else the repository's own. */
export function dataDirOf(flags: { readonly dataDir?: string }, context: CommandContext): string {
  return flags.dataDir === undefined
    ? join(context.root, ".mesh")
    : resolve(context.cwd, flags.dataDir);
}
