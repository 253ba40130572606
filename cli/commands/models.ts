import { join } from "node:path";
import { Command } from "commander";
import { type Card, readCard } from "#kit/model/bundle.ts";
import { findBundles } from "../bundles/find-bundles.ts";
import { verifyBundle } from "../bundles/verify-bundle.ts";
import { createStyle } from "../output/style.ts";
import { renderPairs, renderTable } from "../output/table.ts";
import { Problem } from "../problem.ts";
import type { CommandContext } from "./context.ts";
import { addCommand } from "./models-add.ts";

interface Flags {
  json?: true;
}

/** `mesh models`: the bundles on this machine. */
export function modelsCommand(context: CommandContext): Command {
  return new Command("models")
    .description("list, show, verify and add model bundles")
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(verifyCommand(context))
    .addCommand(addCommand(context));
}

function listCommand(context: CommandContext): Command {
  return new Command("list")
    .description("list every version of every model")
    .option("--json", "the cards as JSON, one a line")
    .addHelpText("after", "\nExample:\n  mesh models list")
    .action(async (flags: Flags) => {
      const places = await findBundles(modelsDir(context));
      const cards = await Promise.all(places.map(({ dir }) => readCard(dir)));
      if (flags.json) for (const card of cards) context.print(JSON.stringify(card));
      else for (const line of cardTable(cards)) context.print(line);
    });
}

function showCommand(context: CommandContext): Command {
  return new Command("show")
    .description("show a version's card")
    .argument("<service>", "duration, dynamic-duration, tip or cost")
    .argument("[version]", "for example v1", "v1")
    .option("--json", "the card as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  mesh models show duration v1\n  mesh models show tip --json",
    )
    .action(async (service: string, version: string, flags: Flags) => {
      const card = await readCard(await dirOf(context, service, version));
      if (flags.json) return context.print(JSON.stringify(card, null, 2));
      for (const line of cardLines(card)) context.print(line);
    });
}

function verifyCommand(context: CommandContext): Command {
  return new Command("verify")
    .description("compute every digest anew and load every model")
    .option("--json", "the results as JSON, one a line")
    .addHelpText("after", "\nExample:\n  mesh models verify")
    .action(async (flags: Flags) => {
      const { print, stdout, env } = context;
      const style = createStyle(stdout, env);
      const results = [];
      for (const place of await findBundles(modelsDir(context))) {
        results.push(await verifyBundle(place));
      }
      if (flags.json) for (const result of results) print(JSON.stringify(result));
      else {
        const rows = results.map((result) => [
          result.ok ? style.good("ok") : style.bad("bad"),
          result.service,
          result.version,
          result.ok ? result.digest.slice(0, 12) : result.reason,
        ]);
        for (const line of renderTable(verifyColumns, rows)) print(line);
      }
      const bad = results.filter((result) => !result.ok).length;
      if (results.length === 0)
        throw new Problem("There are no models: restore the models folder.");
      if (bad > 0) throw new Problem(`${bad} of ${results.length} bundles cannot be served.`);
    });
}

const verifyColumns = ["", "service", "version", "digest"].map((heading) => ({ heading }));

function cardTable(cards: readonly Card[]): string[] {
  const columns = ["service", "version", "digest", "trained on", "what it says"];
  return renderTable(
    columns.map((heading) => ({ heading })),
    cards.map(({ service, version, digest, training, description }) => [
      service,
      version,
      digest.slice(0, 12),
      training.months.join(", "),
      description,
    ]),
  );
}

function cardLines(card: Card): string[] {
  const tensors = (list: Card["inputs"]) =>
    renderTable(
      ["  name", "type", "unit", "range"].map((heading) => ({ heading })),
      list.map(({ name, dtype, unit, minimum, maximum }) => [
        `  ${name}`,
        dtype,
        unit,
        minimum === undefined && maximum === undefined
          ? ""
          : `${minimum ?? ""} to ${maximum ?? ""}`,
      ]),
    );
  return [
    ...renderPairs([
      ["service", card.service],
      ["version", card.version],
      ["digest", card.digest],
      ["what it says", card.description],
      ["trained on", card.training.months.join(", ")],
    ]),
    "",
    "inputs",
    ...tensors(card.inputs),
    "",
    "outputs",
    ...tensors(card.outputs),
    ...("metrics" in card ? ["", "metrics", indent(JSON.stringify(card["metrics"], null, 2))] : []),
  ];
}

async function dirOf(context: CommandContext, service: string, version: string): Promise<string> {
  const places = await findBundles(modelsDir(context));
  const place = places.find((known) => known.service === service && known.version === version);
  if (place) return place.dir;
  const known = places.map((bundle) => `${bundle.service} ${bundle.version}`).join(", ");
  throw new Problem(`There is no ${service} ${version}: there are ${known || "no models at all"}.`);
}

function modelsDir({ root }: CommandContext): string {
  return join(root, "models");
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
