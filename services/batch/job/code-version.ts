import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Folders whose code decides what a row of the result holds. */
const FOLDERS = ["services/batch/derive", "services/batch/rows", "services/batch/source"];
const MODEL_FILES = ["columns.ts", "load-session.ts", "worker.ts"].map((f) => `kit/model/${f}`);
/** Packages that read the input or compute the output. */
const PACKAGES = ["hyparquet", "hyparquet-compressors", "hyparquet-writer", "onnxruntime-node"];

/**
 * Digest of the code that makes the rows, and of the versions of the packages it stands on: after a change
 * to any of them the same input is another run. A comment counts as a change; that costs a run, never a row.
 */
export async function codeVersion(root: string): Promise<string> {
  const hash = createHash("sha256");
  const files = [...MODEL_FILES];
  for (const folder of FOLDERS) {
    for (const file of await readdir(join(root, folder))) {
      if (file.endsWith(".ts") && !file.endsWith(".test.ts")) files.push(`${folder}/${file}`);
    }
  }
  for (const file of files.toSorted()) {
    hash.update(`${file}\0`).update(await readFile(join(root, file)));
  }
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of PACKAGES) hash.update(`${name}\0${dependencies[name]}\0`);
  return hash.digest("hex");
}
