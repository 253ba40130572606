import { join } from "node:path";
import { Command } from "commander";
import { type Card, readCard } from "#kit/model/bundle.ts";
import { findBundle, findBundles } from "../bundles/find-bundles.ts";
import { renderPairs, renderTable } from "../output/table.ts";
import type { CommandContext } from "./context.ts";
import { addCommand } from "./models-add.ts";
import { evaluateCommand } from "./models-evaluate.ts";
import { verifyCommand } from "./models-verify.ts";

interface Flags {
  json?: true;
}

/** `mesh models`: the bundles on this machine. */
export function modelsCommand(context: CommandContext): Command {
  return new Command("models")
    .description("list, show, verify, evaluate and add model bundles")
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(verifyCommand(context))
    .addCommand(evaluateCommand(context))
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
    .argument("<model>", "for example duration@v2; without a version, the first")
    .argument("[version]", "the version, when it is not in the first argument")
    .option("--json", "the card as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  mesh models show duration@v1\n  mesh models show tip --json",
    )
    .action(async (model: string, version: string | undefined, flags: Flags) => {
      const named = version === undefined ? model : `${model}@${version}`;
      const card = await readCard((await findBundle(modelsDir(context), named)).dir);
      if (flags.json) return context.print(JSON.stringify(card, null, 2));
      for (const line of cardLines(card)) context.print(line);
    });
}

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

function modelsDir({ root }: CommandContext): string {
  return join(root, "models");
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
