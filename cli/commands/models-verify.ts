import { access, constants, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { modelServices } from "#kit/traffic/traffic.ts";
import { type BundlePlace, findBundle, findBundles } from "../bundles/find-bundles.ts";
import { verifyBundle } from "../bundles/verify-bundle.ts";
import { createStyle } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { type Certificate, certify } from "../parity/certificate.ts";
import { certificateLines } from "../parity/certificate-text.ts";
import { Problem } from "../problem.ts";
import { createProgress } from "../up/progress.ts";
import { watchStopSignals } from "../up/stop-signals.ts";
import { wholeNumber } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Flags {
  parity?: true;
  rides: number;
  seed: string;
  out: string;
  json?: true;
}

const HELP = `
With --parity the same rides, drawn by --seed, are scored in every way there is: the kit by row and by column, the
service's own RPC and the Open Inference Protocol of a real process, the event stream, a batch job from one database to
another, and Python's ONNX Runtime, at several batch sizes. The certificate says for each pair how many rows have other bits; the aim is none.

Examples:
  mesh models verify
  mesh models verify --parity duration@v2
  mesh models verify --parity --rides 1000 --out /tmp/parity.json`;

/** `mesh models verify`: whether bundles can be served, and with `--parity` whether they say the same everywhere. */
export function verifyCommand(context: CommandContext): Command {
  return new Command("verify")
    .description("compute digests anew and load the models; --parity compares every way of scoring")
    .argument("[models...]", "for example duration@v2; without one, all")
    .option("--parity", "score the same rides in every way and compare bit by bit")
    .option("--rides <number>", "with --parity: how many", wholeNumber(1, 1_000_000), 10_000)
    .option("--seed <text>", "with --parity: what the rides are drawn by", "1")
    .option("--out <file>", "with --parity: where the certificate goes", "parity.json")
    .option("--json", "the results as JSON, one a line")
    .addHelpText("after", HELP)
    .action(async (named: readonly string[], flags: Flags) => {
      const models = join(context.root, "models");
      const places =
        named.length === 0
          ? await findBundles(models)
          : await Promise.all(named.map((name) => findBundle(models, name)));
      if (places.length === 0) throw new Problem("There are no models: restore the models folder.");
      // Asked for all: without those that no service serves, which have no way but one.
      const served = places.filter(({ service }) => modelServices.some((s) => s === service));
      if (flags.parity) await verifyParity(context, named.length === 0 ? served : places, flags);
      else await verifyAll(context, places, flags);
    });
}

async function verifyAll(
  { print, stdout, env }: CommandContext,
  places: readonly BundlePlace[],
  { json }: Flags,
): Promise<void> {
  const style = createStyle(stdout, env);
  const results = [];
  for (const place of places) results.push(await verifyBundle(place));
  if (json) for (const result of results) print(JSON.stringify(result));
  else {
    const rows = results.map((result) => [
      result.ok ? style.good("ok") : style.bad("bad"),
      result.service,
      result.version,
      result.ok ? result.digest.slice(0, 12) : result.reason,
    ]);
    for (const line of renderTable(["", "service", "version", "digest"].map(heading), rows)) {
      print(line);
    }
  }
  const bad = results.filter((result) => !result.ok).length;
  if (bad > 0) throw new Problem(`${bad} of ${results.length} bundles cannot be served.`);
}

async function verifyParity(
  context: CommandContext,
  places: readonly BundlePlace[],
  { rides, seed, out, json }: Flags,
): Promise<void> {
  const { root, env, print } = context;
  const path = resolve(context.cwd, out);
  await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
    throw new Problem(`${dirname(path)} cannot be written to: name another file with --out.`, {
      cause,
    });
  });
  const style = createStyle(context.stdout, env);
  const progress = createProgress(json ? () => {} : print, style);
  const giveUp = new AbortController();
  const signals = watchStopSignals(context.signals, () => performance.now());
  void signals.stop.then(() => giveUp.abort(new Problem("Stopped before the end.")));
  const certificates: Certificate[] = [];
  try {
    for (const place of places) {
      const { signal } = giveUp;
      const certificate = await certify(place, { root, env, rides, seed, progress, signal });
      certificates.push(certificate);
      if (json) print(JSON.stringify(certificate));
      else for (const line of certificateLines(certificate, style)) print(line);
    }
  } catch (error) {
    giveUp.signal.throwIfAborted(); // what failed since then failed because of it
    throw error;
  } finally {
    signals.close();
  }
  await writeFile(path, `${JSON.stringify({ seed, certificates }, null, 2)}\n`);
  if (!json) print(`Written to ${path}`);
  const unequal = certificates.filter(({ isEqual }) => !isEqual);
  if (unequal.length > 0) {
    const names = unequal.map(({ service, version }) => `${service}@${version}`).join(", ");
    throw new Problem(`Not the same bits everywhere: ${names}.`);
  }
}

function heading(text: string) {
  return { heading: text };
}
