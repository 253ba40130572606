import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readText, sha256OfText } from "./files.mjs";
import { Problem } from "./problem.mjs";
import { run } from "./run.mjs";
import { findOnPath, foreignPath } from "./search-path.mjs";

const ARGUMENTS = [
  "ci",
  "--no-audit",
  "--no-fund",
  // No package here needs its install script, and older npm versions run them all unasked.
  "--ignore-scripts",
  // A machine set to production or to omit something would leave out the tests' tools, or Node itself.
  "--include=dev",
  "--include=optional",
  // npm's own defaults wait over a minute before they admit that there is no network.
  "--fetch-retries=2",
  "--fetch-retry-mintimeout=1000",
  "--fetch-retry-factor=2",
  "--fetch-timeout=120000",
];
const NO_NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT/;

/** Whether node_modules holds what the lock says; adopts a tree that was installed by hand. */
export function packagesAreCurrent(place) {
  const lock = readText(place.lockFile);
  if (lock === undefined) return false;
  const wanted = stampOf(lock);
  if (readText(stampFile(place)) === wanted) return true;
  if (!isInstalled(lock, readText(join(place.packages, ".package-lock.json")))) return false;
  writeFileSync(stampFile(place), wanted);
  return true;
}

/** Installs the locked packages, or leaves no node_modules at all. */
export async function installPackages(place, progress, signal) {
  const npm = findOnPath(place, "npm");
  if (npm === undefined)
    throw new Problem("npm is missing: install npm 10 or newer, which comes with Node.");
  const lock = readText(place.lockFile);
  if (lock === undefined) {
    throw new Problem(
      "package-lock.json is missing: bring it back with `git checkout package-lock.json`.",
    );
  }
  const step = progress.start("npm packages", "about 1 GB on disk");
  try {
    rmSync(stampFile(place), { force: true });
    const log = place.log("npm");
    // npm is a Node script: with our own folders on its PATH it would run on the Node that it is replacing.
    const env = { ...process.env, PATH: foreignPath(place).join(":") };
    const { code, output } = await run(npm, ARGUMENTS, { cwd: place.root, env, log, signal });
    if (code !== 0) throw explain(output, log);
    writeFileSync(stampFile(place), stampOf(lock));
    rmSync(log);
    step.done("installed");
  } catch (error) {
    rmSync(place.packages, { recursive: true, force: true });
    step.dropped();
    throw error;
  }
}

/** Not the Node version: the first start runs on the machine's Node, later ones on Node 24, with the same packages. */
function stampOf(lock) {
  return sha256OfText(lock, process.platform, process.arch);
}

function stampFile(place) {
  return join(place.packages, ".tripmesh");
}

/** npm writes down what it installed when it has finished, in the lock's own format. */
function isInstalled(lock, installed) {
  if (installed === undefined) return false;
  const wanted = packagesOf(lock);
  const present = packagesOf(installed);
  const sameAsLocked = ([path, entry]) =>
    wanted[path]?.version === entry.version && wanted[path]?.integrity === entry.integrity;
  const isThere = ([path, entry]) => path === "" || entry.optional || path in present;
  return Object.entries(present).every(sameAsLocked) && Object.entries(wanted).every(isThere);
}

function packagesOf(lock) {
  try {
    return JSON.parse(lock).packages ?? {};
  } catch {
    return {}; // npm ci says what is wrong with an unreadable lock
  }
}

function explain(output, log) {
  if (NO_NETWORK.test(output)) {
    return new Problem(
      `The npm registry cannot be reached: connect to the network or set npm's registry and proxy, then try again (npm's log: ${log}).`,
    );
  }
  if (output.includes("ENOSPC")) {
    return new Problem(`The disk is full: free 2 GB, then try again (npm's log: ${log}).`);
  }
  const code = /npm (?:error|ERR!) code (\w+)/.exec(output)?.[1] ?? "no code";
  return new Problem(
    `npm ci failed (${code}): read npm's log, ${log}, cure what it says, then try again.`,
  );
}
