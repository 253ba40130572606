import { access, constants, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Finding } from "./finding.ts";

const GIB = 2 ** 30;

/** A replay of a month writes some hundred megabytes of events and trips. */
const WANTED_GIB = 2;

/** Room and the right to write where the data directory is or will be. */
export async function checkDisk(dataDir: string): Promise<Finding[]> {
  const name = "disk";
  const remedy = "Make room, or choose another place with mesh up --data-dir PATH.";
  const place = await nearestFolder(dataDir);
  try {
    await access(place, constants.W_OK);
  } catch {
    return [{ name, ok: false, found: `${place} cannot be written`, remedy }];
  }
  const { bavail, bsize } = await statfs(place);
  const freeGib = (bavail * bsize) / GIB;
  const found = `${freeGib.toFixed(1)} GiB free for ${dataDir}`;
  return freeGib >= WANTED_GIB
    ? [{ name, ok: true, found }]
    : [{ name, ok: false, found: `${found}, ${WANTED_GIB} are wanted`, remedy }];
}

async function nearestFolder(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch {
    return nearestFolder(dirname(path)); // not made yet
  }
}
