import { join } from "node:path";
import { Command } from "commander";
import { dataDirOf } from "../client/target.ts";
import { checkDisk } from "../doctor/check-disk.ts";
import { checkModels } from "../doctor/check-models.ts";
import { checkPages } from "../doctor/check-pages.ts";
import { checkPorts } from "../doctor/check-ports.ts";
import { checkPrograms } from "../doctor/check-programs.ts";
import { checkTrips } from "../doctor/check-trips.ts";
import type { Check } from "../doctor/finding.ts";
import { createStyle } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { Problem } from "../problem.ts";
import { recordedTripsDir } from "../up/replay.ts";
import { readTools } from "../up/tools.ts";
import type { CommandContext } from "./context.ts";

/** `mesh doctor`: whether this machine can run the mesh, and what to do where it cannot. */
export function doctorCommand(context: CommandContext): Command {
  return new Command("doctor")
    .description("check programs, ports, disk, models and trips, with a remedy for what is wrong")
    .option("--data-dir <path>", "where the mesh keeps its data (default: .mesh)")
    .option("--json", "what was found as JSON, one check a line")
    .addHelpText(
      "after",
      "\nExamples:\n  mesh doctor\n  mesh doctor --json | jq 'select(.ok | not)'",
    )
    .action(async (flags: { dataDir?: string; json?: true }) => {
      const { root, env, stdout, print } = context;
      const dataDir = dataDirOf(flags, context);
      const checks: Check[] = [
        () => checkPrograms(() => readTools(root, env)),
        () => checkPorts(dataDir),
        () => checkDisk(dataDir),
        () => checkModels(join(root, "models")),
        () => checkPages(root),
        () => checkTrips(recordedTripsDir(root)),
      ];
      const findings = (await Promise.all(checks.map((check) => check()))).flat();
      const style = createStyle(stdout, env);
      if (flags.json) for (const finding of findings) print(JSON.stringify(finding));
      else {
        const rows = findings.flatMap((finding) => {
          const mark = finding.ok ? style.good("ok") : style.bad("wrong");
          const row = [mark, finding.name, finding.found];
          return finding.ok ? [row] : [row, ["", "", style.bold(finding.remedy)]];
        });
        const columns = [{ heading: "" }, { heading: "" }, { heading: "" }];
        for (const line of renderTable(columns, rows)) print(line);
      }
      const wrong = findings.filter((finding) => !finding.ok).length;
      if (wrong > 0)
        throw new Problem(`${wrong} of ${findings.length} checks found something wrong.`);
    });
}
