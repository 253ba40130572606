import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { addBundle } from "../bundles/add-bundle.ts";
import { findBundles } from "../bundles/find-bundles.ts";
import { Problem } from "../problem.ts";
import type { CommandContext } from "./context.ts";

interface Flags {
  service?: string;
  version?: string;
  description?: string;
  intervalNominal?: string;
  trainingMonth?: string;
  fromCard?: string;
  card?: string;
  models?: string;
  json?: true;
}

/** `mesh models add`: an ONNX file made elsewhere becomes a version. */
export function addCommand(context: CommandContext): Command {
  return new Command("add")
    .description("make a version out of an ONNX file, after checking its answers")
    .argument("<file>", "the ONNX file")
    .option("--service <service>", "a service that exists; its contract is taken over")
    .option("--version <version>", "the new version, for example my-tip")
    .option("--description <text>", "one sentence about the model")
    .option("--interval-nominal <share>", "share of truths that the bounds are meant to hold")
    .option("--training-month <month>", "what it was trained on, for example 2021-01")
    .option("--from-card <file>", "the card to take the contract from (default: the first version)")
    .option("--card <file>", "for a new service: a whole card, without digest and bytes")
    .option("--models <dir>", "where bundles lie (default: models)")
    .option("--json", "the new card as JSON")
    .addHelpText(
      "after",
      `
The model is loaded and asked rows at the ends of every range; nothing is left behind when it is refused, and a version
that exists is never touched. What a model must take and answer: docs/bring-your-own-model.md.

Examples:
  mesh models add my-tip.onnx --service tip --version my-tip --training-month 2021-01
  mesh models add risk.onnx --card risk.json`,
    )
    .action(async (file: string, flags: Flags) => {
      const { root, cwd, print } = context;
      const models = flags.models === undefined ? join(root, "models") : resolve(cwd, flags.models);
      const card = flags.card
        ? await readJson(resolve(cwd, flags.card))
        : await cardOf(models, cwd, flags);
      const { service, version } = card;
      if (!isName(service) || !isName(version)) {
        throw new Problem(
          "The card needs a service and a version: small letters, digits, . and -.",
        );
      }
      const added = await addBundle(models, resolve(cwd, file), { ...card, service, version });
      if (flags.json) print(JSON.stringify(added.card));
      else print(`Added ${service} ${version}, digest ${added.card.digest.slice(0, 12)}.`);
    });
}

type Json = Record<string, unknown>;

/** A card with the contract of the service's other versions and nothing else of theirs. */
async function cardOf(models: string, cwd: string, flags: Flags): Promise<Json> {
  const { service, version, description, trainingMonth, intervalNominal } = flags;
  if (service === undefined || version === undefined) {
    throw new Problem("Name --service and --version, or --card for a new service.", {
      exitCode: 2,
    });
  }
  const known = (await findBundles(models)).find((place) => place.service === service);
  const path = flags.fromCard
    ? resolve(cwd, flags.fromCard)
    : known && join(known.dir, "model.json");
  if (path === undefined) {
    throw new Problem(`There is no version of ${service} to take the contract from: use --card.`);
  }
  const contract = await readJson(path);
  if (contract["service"] !== service) {
    throw new Problem(`${path} is a card of ${contract["service"]}, not of ${service}.`);
  }
  const nominal = intervalNominal === undefined ? undefined : Number(intervalNominal);
  if (nominal !== undefined && !(nominal > 0 && nominal < 1)) {
    throw new Problem("--interval-nominal must be between 0 and 1.", { exitCode: 2 });
  }
  return {
    service,
    version,
    description: description ?? "",
    inputs: contract["inputs"],
    outputs: contract["outputs"],
    ...(nominal === undefined ? {} : { interval: { nominal } }),
    training: { months: trainingMonth === undefined ? [] : [trainingMonth] },
  };
}

async function readJson(path: string): Promise<Json> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Json;
  } catch (cause) {
    throw new Problem(`${path} cannot be read as JSON.`, { cause });
  }
}

function isName(value: unknown): value is string {
  return typeof value === "string" && /^[a-z0-9][a-z0-9.-]*$/.test(value);
}
