import { rmSync } from "node:fs";
import { CHROMIUM, findBinary } from "./binary.mjs";
import { Problem } from "./problem.mjs";
import { run } from "./run.mjs";
import { findOnPath } from "./search-path.mjs";

// Another package manager at work is common on a fresh machine: wait for it instead of failing.
const APT = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=1"];
const NO_NETWORK =
  /Temporary failure resolving|Could not resolve|Unable to connect|Could not connect|Failed to fetch/;

/** Installs Debian's Chromium for the browser test; needs root, because a system package is what has its libraries. */
export async function bringChromium(place, progress, signal) {
  const apt = findOnPath(place, "apt-get");
  if (apt === undefined) {
    throw new Problem(
      "Chromium is missing: install it with your package manager, or set CHROMIUM_BIN to one.",
    );
  }
  if (process.getuid?.() !== 0) {
    throw new Problem(
      "Chromium is missing: run `sudo apt-get install chromium`, or set CHROMIUM_BIN to one.",
    );
  }
  const step = progress.start("Chromium", "Debian's package, for the browser test");
  try {
    const log = place.log("apt");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    step.detail(() => "package lists");
    const lists = await run(apt, [...APT, "update"], { env, log, signal });
    step.detail(() => "packages");
    // Without the signal: a system's package database must not be left half written, so this one is waited for.
    const install = await run(
      apt,
      [...APT, "install", "-y", "--no-install-recommends", "chromium"],
      { env, log },
    );
    signal.throwIfAborted();
    if (install.code !== 0) throw explain(lists.output + install.output, log);
    const found = await findBinary(place, CHROMIUM, signal);
    if (found === undefined) {
      throw new Problem(
        "apt-get's package chromium brought no working Chromium: install one and set CHROMIUM_BIN to it.",
      );
    }
    rmSync(log, { force: true });
    step.done("installed");
    return found;
  } catch (error) {
    step.dropped();
    throw error;
  }
}

function explain(output, log) {
  if (NO_NETWORK.test(output)) {
    return new Problem(
      `Chromium cannot be downloaded: connect to the network or set apt's proxy, then try again, or set CHROMIUM_BIN (apt-get's log: ${log}).`,
    );
  }
  return new Problem(
    `apt-get cannot install chromium: read its log, ${log}, or set CHROMIUM_BIN to a Chromium.`,
  );
}
