// Makes the repository ready to run, with nothing installed but Node >= 20, npm and Python 3 with pip. Plain
// JavaScript without packages, because it runs before there are any. `--tests` adds what only the tests need.
// When everything is there, it only looks, says nothing and ends.

import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { CHROMIUM, ENVOY, findBinary, isCurrent, NATS } from "./binary.mjs";
import { bringChromium } from "./chromium.mjs";
import { removeLeftovers } from "./leftovers.mjs";
import { chooseNode, linkNode, nodeIsCurrent } from "./node24.mjs";
import { installPackages, packagesAreCurrent } from "./packages.mjs";
import { buildPages, pagesAreCurrent } from "./pages.mjs";
import { createPlace } from "./place.mjs";
import { Problem } from "./problem.mjs";
import { createProgress } from "./progress.mjs";
import { together } from "./together.mjs";
import { readTools, writeTools } from "./tools-file.mjs";
import { inTurn } from "./turn.mjs";
import { bringPinned, checkPlatform, findPinned } from "./wheels.mjs";

async function main(args) {
  const place = createPlace(fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, ""));
  const forTests = args.includes("--tests");
  if (isReady(place, forTests)) return;
  const progress = createProgress();
  const signal = interruption();
  const onWait = (pid) =>
    progress.say(`Another set-up of this tree is running (process ${pid}): waiting for it.`);
  try {
    await inTurn(place.turn, { signal, onWait }, async () => {
      if (!isReady(place, forTests)) await setUp({ place, forTests, progress, signal });
    });
  } finally {
    progress.close();
  }
}

/** Reads a few files and asks for a few dates; starts no process. */
function isReady(place, forTests) {
  const tools = readTools(place);
  return (
    packagesAreCurrent(place) &&
    nodeIsCurrent(place, tools.node) &&
    isCurrent(place, ENVOY, tools.envoy) &&
    isCurrent(place, NATS, tools.nats) &&
    (!forTests || isCurrent(place, CHROMIUM, tools.chromium)) &&
    pagesAreCurrent(place)
  );
}

async function setUp({ place, forTests, progress, signal }) {
  removeLeftovers(place);
  const tools = { ...readTools(place), node: await chooseNode(place, signal) };
  const binaries = [ENVOY, NATS];
  for (const binary of binaries) {
    tools[binary.key] = (await findBinary(place, binary, signal)) ?? findPinned(place, binary);
    if (tools[binary.key] === undefined) checkPlatform(binary);
  }
  if (forTests) tools.chromium = await findBinary(place, CHROMIUM, signal);

  const jobs = binaries
    .filter((binary) => tools[binary.key] === undefined)
    .map((binary) => async (stop) => {
      tools[binary.key] = await bringPinned(place, binary, progress, stop);
    });
  if (!packagesAreCurrent(place)) jobs.push((stop) => installPackages(place, progress, stop));
  await together(signal, jobs);

  await linkNode(place, tools.node, signal);
  writeTools(place, tools);
  if (!pagesAreCurrent(place)) await buildPages(place, tools.node, progress, signal);
  if (forTests) tools.chromium ??= await bringChromium(place, progress, signal);
  writeTools(place, tools);
}

/** Aborts on Ctrl-C and its kind, so that whatever is under way is stopped and cleared away. */
function interruption() {
  const abort = new AbortController();
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"]) {
    const problem = new Problem(
      "The set-up was interrupted: run the same command again to finish it.",
      128 + constants.signals[name],
    );
    process.on(name, () => abort.abort(problem));
  }
  return abort.signal;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
