import { statSync } from "node:fs";
import { resolve } from "node:path";
import { Problem } from "./problem.mjs";
import { run } from "./run.mjs";
import { findOnPath, isExecutable } from "./search-path.mjs";
import { atLeast } from "./version.mjs";

/** The programs that are not npm packages: what they are called, how they tell their version, what is enough. */
export const ENVOY = {
  key: "envoy",
  name: "Envoy",
  variable: "ENVOY_BIN",
  commands: ["envoy"],
  version: /\/(\d+\.\d+\.\d+)(?:-\w+)?\//,
  minimum: "1.36.0", // the first with use_hash_policy on weighted_clusters
  advice: "1.40.0",
};

export const NATS = {
  key: "nats",
  name: "nats-server",
  variable: "NATS_BIN",
  commands: ["nats-server"],
  version: /nats-server: v(\d+\.\d+\.\d+)/,
  minimum: "2.14.0",
  advice: "2.15.1",
};

export const CHROMIUM = {
  key: "chromium",
  name: "Chromium",
  variable: "CHROMIUM_BIN",
  commands: ["chromium", "chromium-browser", "google-chrome"],
  version: /(\d+\.\d+\.\d+)/, // Ubuntu's chromium-browser without its snap prints advice and no version
  minimum: "100.0.0",
  advice: "Debian's package chromium",
};

/**
 * The binary that the machine offers: the variable's, which must be good, else a good enough one on the PATH, else
 * undefined.
 */
export async function findBinary(place, binary, signal) {
  const named = process.env[binary.variable];
  if (named) return describe(place, binary, await checkNamed(binary, resolve(named), signal));
  for (const command of binary.commands) {
    const path = findOnPath(place, command);
    const version = path && (await versionOf(binary, path, signal));
    if (version && atLeast(version, binary.minimum)) {
      return describe(place, binary, { path, version, source: "PATH" });
    }
  }
  return undefined;
}

/** Whether an earlier answer still holds: the same variable, the same programs on the PATH, the file untouched. */
export function isCurrent(place, binary, answer) {
  return answer?.seen === look(place, binary, answer?.path);
}

/** An answer as tools.json keeps it. */
export function describe(place, binary, { path, version, source }) {
  return { path, version, source, seen: look(place, binary, path) };
}

async function checkNamed(binary, path, signal) {
  const cure = `name ${binary.name} ${binary.minimum} or newer (best: ${binary.advice}), or unset ${binary.variable}`;
  if (!isExecutable(path)) {
    throw new Problem(`${binary.variable} names ${path}, which is no executable file: ${cure}.`);
  }
  const version = await versionOf(binary, path, signal);
  if (version === undefined) {
    throw new Problem(
      `${binary.variable} names ${path}, which does not answer --version as ${binary.name} does: ${cure}.`,
    );
  }
  if (!atLeast(version, binary.minimum)) {
    throw new Problem(
      `${binary.variable} names ${path}, which is ${binary.name} ${version} and too old: ${cure}.`,
    );
  }
  return { path, version, source: binary.variable };
}

/** undefined for a program that does not answer as it should. */
export async function versionOf(binary, path, signal) {
  // Envoy is 100 MB: its first start on a slow disk takes seconds.
  const { code, output } = await run(path, ["--version"], { signal, timeoutMs: 30_000 });
  return code === 0 ? binary.version.exec(output)?.[1] : undefined;
}

/** Everything that an answer depends on, as text, without starting anything. */
function look(place, binary, path) {
  const onPath = binary.commands.map((command) => findOnPath(place, command));
  const named = process.env[binary.variable];
  return [named ? resolve(named) : "", ...onPath.map(signatureOf), signatureOf(path)].join(" ");
}

function signatureOf(path) {
  const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "-" : `${path}:${stat.size}:${stat.mtimeMs}`;
}
