import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve, sep } from "node:path";

/**
 * The PATH without this repository's own folders. npm puts node_modules/.bin first, so that a second start
 * would otherwise find what the first one installed and take it for the machine's own.
 */
export function foreignPath(place) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.filter((folder) => !`${resolve(folder)}${sep}`.startsWith(`${place.root}${sep}`));
}

/** The first executable of that name on the PATH, or undefined. */
export function findOnPath(place, command) {
  const candidates = foreignPath(place).map((folder) => resolve(join(folder, command)));
  return candidates.find(isExecutable);
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not for us to run: the same to the caller
  }
}
