import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { Problem } from "../problem.ts";
import type { CommandContext } from "./context.ts";

interface Flags {
  trips?: string;
  gps?: string;
  customers?: string;
  out?: string;
}

/** `mesh train`: from trip files to bundles, in a Python environment that it makes itself. */
export function trainCommand(context: CommandContext): Command {
  return new Command("train")
    .description("retrain a version, every version of a service, or everything")
    .argument("[service]", "a service, or baseline, or all", "all")
    .argument("[version]", "for example v2; without it, every version of the service")
    .option("--trips <dir>", "folder of monthly trip files")
    .option(
      "--gps <file>",
      "for dynamic-duration v2: real taxi traces (default: ../gps beside trips)",
    )
    .option("--customers <file>", "for churn: the customer table")
    .option("--out <dir>", "where bundles go (default: models)")
    .addHelpText(
      "after",
      "\nThe trip files are checked first. The same data on the same kind of machine gives the same digest.\n" +
        "\nExamples:\n  mesh train\n  mesh train duration v2 --trips data/trips --out /tmp/models",
    )
    .action(async (service: string, version: string | undefined, flags: Flags) => {
      const place = (dir: string) => resolve(context.cwd, dir);
      const code = await runTraining(context, [
        service,
        ...(version === undefined ? [] : [version]),
        ...(flags.trips === undefined ? [] : ["--trips", place(flags.trips)]),
        ...(flags.gps === undefined ? [] : ["--gps", place(flags.gps)]),
        ...(flags.customers === undefined ? [] : ["--customers", place(flags.customers)]),
        ...(flags.out === undefined ? [] : ["--out", place(flags.out)]),
      ]);
      if (code !== 0) throw new Problem("The training did not finish: see above.");
    });
}

/** Waits for the training whatever signal comes, so that nothing is left behind it. */
async function runTraining(
  { root, env, signals }: CommandContext,
  args: readonly string[],
): Promise<number | null> {
  const child = spawn(join(root, "training", "with-python"), ["-u", "-m", "training", ...args], {
    env,
    stdio: "inherit",
  });
  const stop = () => child.kill("SIGTERM");
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) signals.on(name, stop);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  } finally {
    for (const name of names) signals.off(name, stop);
  }
}
