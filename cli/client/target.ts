import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { OPERATOR } from "#kit/events/users.ts";
import { address } from "../commands/arguments.ts";
import type { CommandContext } from "../commands/context.ts";
import { readMeshFile } from "../up/mesh-file.ts";
import { keyFile } from "../up/nats-users.ts";

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

/** Which rollout service a command talks to. */
export interface RolloutFlags {
  rollout?: string;
  dataDir?: string;
}

/** Adds `--rollout` and `--data-dir` to a command that talks to the rollout service. */
export function withRolloutTarget(command: Command): Command {
  return command
    .addOption(
      new Option("--rollout <host:port>", "the rollout service (default: the running mesh's)")
        .env("MESH_ROLLOUT")
        .argParser(address),
    )
    .option("--data-dir <path>", "of the running mesh (default: .mesh)");
}

/** The rollout service as asked for, else the running mesh's, else the usual one. */
export function rolloutOf(flags: RolloutFlags, context: CommandContext): string {
  return flags.rollout ?? readMeshFile(dataDirOf(flags, context))?.rollout ?? "127.0.0.1:7500";
}

/** `--envoy`, for a command that asks Envoy what it goes by. */
export function envoyOption(): Option {
  return new Option("--envoy <host:port>", "Envoy's admin interface (default: the running mesh's)")
    .env("MESH_ENVOY_ADMIN")
    .argParser(address);
}

/** Which event stream a command talks to. */
export interface StreamFlags {
  nats?: string;
  natsKey?: string;
  dataDir?: string;
}

/** Adds `--nats`, `--nats-key` and `--data-dir` to a command that reads the event stream. */
export function withStreamTarget(command: Command): Command {
  return command
    .addOption(
      new Option("--nats <url>", "the event stream (default: the running mesh's)").env("MESH_NATS"),
    )
    .addOption(
      new Option("--nats-key <file>", "seed of the operator's nkey (default: the mesh's)").env(
        "MESH_NATS_KEY",
      ),
    )
    .option("--data-dir <path>", "of the running mesh (default: .mesh)");
}

/** The event stream as asked for, else the running mesh's with its operator's key, else the usual one. */
export function streamOf(flags: StreamFlags, context: CommandContext) {
  const dataDir = dataDirOf(flags, context);
  const running = flags.nats === undefined ? readMeshFile(dataDir)?.nats : undefined;
  const ownKey = running === undefined ? undefined : keyFile(dataDir, OPERATOR);
  return {
    url: flags.nats ?? running ?? "nats://127.0.0.1:4222",
    keyFile: flags.natsKey === undefined ? ownKey : resolve(context.cwd, flags.natsKey),
  };
}

/** The data directory as asked for, else the repository's own. */
export function dataDirOf(flags: { readonly dataDir?: string }, context: CommandContext): string {
  return flags.dataDir === undefined
    ? join(context.root, ".mesh")
    : resolve(context.cwd, flags.dataDir);
}
