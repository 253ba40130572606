import { createHash } from "node:crypto";
import {
  createReadStream,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** The text of a file, or undefined where there is none. */
export function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // missing, or not ours to read: for every caller that means "do it again"
  }
}

/** Replaces a file in one step: a reader sees the old text or the new one, never half. */
export function writeWhole(path, text) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

export function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** Bytes in all files below a folder; files may come and go meanwhile. */
export function bytesBelow(folder) {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return 0; // removed between listing and reading
  }
  const sizes = entries.map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? bytesBelow(path) : (sizeOf(path) ?? 0);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

export async function sha256Of(path) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

export function sha256OfText(...texts) {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\0");
  return hash.digest("hex");
}
