import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { connectToStream } from "../client/connect-to-stream.ts";
import { type StreamFlags, streamOf, withStreamTarget } from "../client/target.ts";
import { createStyle } from "../output/style.ts";
import { numberText } from "../rollout/report/amounts.ts";
import { makeReport, type RolloutReport } from "../rollout/report/make-report.ts";
import {
  type Format,
  formatOf,
  type GrowingFile,
  openGrowingFile,
  writeWhole,
} from "../rollout/report/output-file.ts";
import { pairLines, pairsHeader } from "../rollout/report/pairs-csv.ts";
import { readRollout } from "../rollout/report/read-rollout.ts";
import { reportJson } from "../rollout/report/report-json.ts";
import { reportLines } from "../rollout/report/report-lines.ts";
import { reportPage } from "../rollout/report/report-page.ts";
import type { ZoneNames } from "../rollout/report/sentences.ts";
import { wholeNumber } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends StreamFlags {
  json?: true;
  out: string[];
  leastRides: number;
}

interface Output {
  readonly path: string;
  readonly format: Format;
}

/** How often a long read says how far it is, ms. */
const PATIENCE_MS = 5_000;
/** Chance that any of the slices' intervals is wrong. */
const SLICE_ALPHA = 0.05;

const HELP = `
Every finished trip of the rollout that both versions have answered, live, as a shadow or in hindsight, is a pair, as
for the judge. Differences are the candidate's error minus the live version's: below 0 it is better.

Memory does not grow with the rollout: the open trips of six hours of event time, at most 200,000, and sums.

Examples:
  mesh rollout report tip-v2-1a2b3c4d
  mesh rollout report tip-v2-1a2b3c4d --out report.html --out pairs.csv
  mesh rollout report tip-v2-1a2b3c4d --json | jq .better`;

/** `mesh rollout report`: what both versions of a rollout said about the same trips, against the truth. */
export function reportCommand(context: CommandContext): Command {
  return withStreamTarget(new Command("report"))
    .description("compare both versions of a rollout on its finished trips")
    .argument("<rollout>", "its id, see mesh rollout list")
    .option("--json", "the report as one JSON object")
    .option(
      "--out <file>",
      "also into a file: .html a page, .csv all pairs, .json the report; may be repeated",
      (path: string, before: string[]) => [...before, path],
      [],
    )
    .option(
      "--least-rides <number>",
      "rides that a zone, hour or distance band must have to be shown",
      wholeNumber(2, 1_000_000),
      30,
    )
    .addHelpText("after", HELP)
    .action((rolloutId: string, flags: Flags) => reportRollout(rolloutId, flags, context));
}

async function reportRollout(
  rolloutId: string,
  flags: Flags,
  context: CommandContext,
): Promise<void> {
  const outputs = flags.out.map(
    (path): Output => ({
      path: resolve(context.cwd, path),
      format: formatOf(path),
    }),
  );
  const zones = await readZones(context.root);
  const report = await readReport(rolloutId, { flags, outputs, context });
  for (const { path, format } of outputs) {
    if (format === "html") await writeWhole(path, reportPage(report, zones));
    if (format === "json") await writeWhole(path, `${reportJson(report)}\n`);
  }
  if (flags.json) {
    context.print(reportJson(report));
    return;
  }
  for (const line of reportLines(report, zones)) context.print(line);
  for (const { path } of outputs) context.print(`written: ${path}`);
}

/** Reads the streams; writes the files of pairs meanwhile, which are too many to be kept. */
async function readReport(
  rolloutId: string,
  { flags, outputs, context }: { flags: Flags; outputs: Output[]; context: CommandContext },
): Promise<RolloutReport> {
  const say = flags.json ? () => {} : context.print;
  const { dim } = createStyle(context.stdout, context.env);
  const events = await connectToStream(streamOf(flags, context));
  const tables: GrowingFile[] = [];
  const write = async (line: string) => {
    for (const table of tables) await table.write(line);
  };
  try {
    const rollout = await readRollout(events, rolloutId);
    for (const { path, format } of outputs) {
      if (format === "csv") tables.push(await openGrowingFile(path));
    }
    await write(pairsHeader);
    const report = await makeReport(events, rollout, {
      leastRides: flags.leastRides,
      sliceAlpha: SLICE_ALPHA,
      onProgress: howFar((text) => say(dim(text))),
      onRide: async (ride) => {
        for (const line of tables.length > 0 ? pairLines(ride) : []) await write(line);
      },
    });
    for (const table of tables.splice(0)) await table.commit();
    return report;
  } finally {
    for (const table of tables) await table.discard();
    await events.close();
  }
}

/** Says how far the reading is, every few seconds; a short one says nothing. */
function howFar(say: (text: string) => void): (done: number, total: number) => void {
  let last = performance.now();
  return (done, total) => {
    if (performance.now() - last < PATIENCE_MS) return;
    last = performance.now();
    say(`  …    ${numberText(done)} of ${numberText(total)} messages read`);
  };
}

const zoneSchema = z.array(z.object({ id: z.number(), zone: z.string() }));

async function readZones(root: string): Promise<ZoneNames> {
  const text = await readFile(join(root, "models/zones.json"), "utf8");
  return new Map(zoneSchema.parse(JSON.parse(text)).map(({ id, zone }) => [String(id), zone]));
}
