import { basename, join, resolve } from "node:path";
import { Command } from "commander";
import { loadBundle } from "#kit/model/bundle.ts";
import { type ColumnScorer, createColumnScorer } from "#kit/model/column-scorer.ts";
import { findBundle } from "../bundles/find-bundles.ts";
import { evaluate, serviceOf } from "../evaluate/evaluate.ts";
import { headLines, situationLines } from "../evaluate/report-text.ts";
import { readRides } from "../evaluate/rides.ts";
import { createStyle } from "../output/style.ts";
import { createProgress } from "../up/progress.ts";
import { number } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Flags {
  trips: string;
  segments?: true;
  estimates: string;
  step: number;
  json?: true;
}

const HELP = `
The ONNX file is scored by the same code as in the service. Rides of 1 to 60 minutes count, as in training. Services
that take a first estimate get it from --estimates. Progress along a ride is simulated: the records hold none.

"adaptive" is the interval with a scale that follows each ride's truth once it is known, at its drop-off.

Examples:
  mesh models evaluate duration@v2 --trips green_tripdata_2021-02.parquet
  mesh models evaluate tip@v2 --trips green_tripdata_2021-02.parquet --estimates duration@v2 --json`;

/** `mesh models evaluate`: how good a bundle is on a month of trips. */
export function evaluateCommand(context: CommandContext): Command {
  return new Command("evaluate")
    .description("measure a model on a monthly trip file")
    .argument("<model>", "for example duration@v2, or the folder of a bundle")
    .requiredOption("--trips <file>", "monthly file of green taxi trips (parquet)")
    .option("--segments", "also by hour and by distance")
    .option("--estimates <model>", "who makes the first estimates", "duration@v1")
    .option(
      "--step <number>",
      "step of the adaptive interval, 0 to 0.5; 0 never adapts",
      number(0, 0.5),
      0.01,
    )
    .option("--json", "the result as one JSON object")
    .addHelpText("after", HELP)
    .action((model: string, flags: Flags) => evaluateModel(context, model, flags));
}

async function evaluateModel(context: CommandContext, model: string, flags: Flags): Promise<void> {
  const { print } = context;
  const progress = createProgress(
    flags.json ? () => {} : print,
    createStyle(context.stdout, context.env),
  );
  const path = resolve(context.cwd, flags.trips);
  const open: ColumnScorer[] = [];
  const load = async (named: string) => {
    const { dir } = await findBundle(join(context.root, "models"), named);
    const scorer = await createColumnScorer(await loadBundle(dir));
    open.push(scorer);
    return scorer;
  };
  try {
    const scorer = await progress.step(`loading ${model}`, () => load(model));
    serviceOf(scorer.card); // refused before a file is read
    const needsEstimate = scorer.card.inputs.some(({ name }) => name === "estimated_minutes");
    const estimator = needsEstimate ? await load(flags.estimates) : undefined;
    const rides = await progress.step(`reading ${basename(path)}`, () => readRides(path));
    const options = { segments: flags.segments === true, step: flags.step };
    const situations = await progress.step("scoring every situation", () =>
      Array.fromAsync(evaluate(scorer, estimator, rides, options)),
    );
    const { service, version, digest } = scorer.card;
    if (flags.json) {
      const { month, sha256, count, leftOut } = rides;
      const trips = { file: basename(path), sha256, month, rides: count, leftOut };
      const estimates = estimator && `${estimator.card.service}@${estimator.card.version}`;
      print(JSON.stringify({ service, version, digest, trips, estimates, situations }, null, 2));
      return;
    }
    for (const line of ["", ...headLines(scorer.card, basename(path), rides), ""]) print(line);
    if (estimator) print(`First estimates: ${estimator.card.service}@${estimator.card.version}\n`);
    for (const line of situationLines(scorer.card, situations)) print(line);
  } finally {
    await Promise.all(open.map((scorer) => scorer.close()));
  }
}
