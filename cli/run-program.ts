import { type Command, CommanderError } from "commander";
import { MeshError } from "#kit/rpc/errors.ts";
import type { CommandContext } from "./commands/context.ts";
import { describeError } from "./output/describe-error.ts";
import { createStyle } from "./output/style.ts";
import { Problem } from "./problem.ts";
import { createProgram } from "./program.ts";

/** Runs one command line and gives back its exit code: 0 done, 1 it failed, 2 called the wrong way. */
export async function runProgram(
  argv: readonly string[],
  context: CommandContext & { readonly printError: (line: string) => void },
): Promise<0 | 1 | 2> {
  const program = createProgram(context);
  for (const command of withSubcommands(program)) command.exitOverride();
  try {
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // it has said why
    const style = createStyle(process.stderr, context.env);
    for (const line of describeError(error)) context.printError(style.bad(line));
    if (error instanceof Problem) return error.exitCode;
    if (!(error instanceof MeshError) && error instanceof Error) {
      context.printError(error.stack ?? ""); // a fault of ours: whoever reports it needs this
    }
    return 1;
  }
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
