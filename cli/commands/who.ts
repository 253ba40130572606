import { userInfo } from "node:os";
import type { Command } from "commander";

/** Adds `--who` and `--why` to a command that changes something: both are in the log. */
export function withWho(command: Command): Command {
  return command
    .option("--who <name>", "who says so, for the log (default: you)", userInfo().username)
    .option("--why <text>", "why, for the log", "");
}
