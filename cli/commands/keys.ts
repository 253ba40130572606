import { resolve } from "node:path";
import { Command } from "commander";
import { natsUsers } from "#kit/events/users.ts";
import { keyFile, writeNatsUsers } from "../up/nats-users.ts";
import type { CommandContext } from "./context.ts";

/** `mesh keys`: who may do what on a NATS server that somebody else runs. */
export function keysCommand(context: CommandContext): Command {
  return new Command("keys")
    .description("make the keys of the event stream's users, and the rights that the server reads")
    .argument("<dir>", "where users.conf and keys/ are written; keys that are there stay")
    .option("--json", "what was written, one object a line")
    .addHelpText(
      "after",
      `
mesh up does this by itself. For a server of your own, see deploy/nats/README.md. The rights are in
kit/events/users.ts; after a change write them again and let the server reload its configuration.

Examples:
  mesh keys /etc/nats/tripmesh`,
    )
    .action((dir: string, { json }: { json?: true }) => {
      const at = resolve(context.cwd, dir);
      const usersFile = writeNatsUsers(at);
      for (const { name } of natsUsers()) {
        const file = keyFile(at, name);
        context.print(json ? JSON.stringify({ user: name, keyFile: file }) : file);
      }
      context.print(json ? JSON.stringify({ usersFile }) : usersFile);
    });
}
