import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readText } from "./files.mjs";

const LOOK_AGAIN_MS = 200;

/**
 * Runs work while no other set-up of this tree runs. The turn is a file that names its owner; a turn whose owner
 * has died (a killed set-up) is taken over.
 */
export async function inTurn(file, { signal, onWait }, work) {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${process.pid} ${startOf(process.pid)}`;
  let told = false;
  while (!take(file, own)) {
    const owner = readText(file);
    if (owner !== undefined && !isAlive(owner)) takeAway(file, owner);
    else {
      if (!told && owner !== undefined) onWait(owner.split(" ")[0]);
      told = true;
      await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
  try {
    return await work();
  } finally {
    if (readText(file) === own) rmSync(file, { force: true });
  }
}

/** Linking a finished file, not creating an empty one: nobody ever reads a turn without its owner. */
function take(file, own) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, own);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Two waiting set-ups may both find the owner dead; the slower one must not remove the faster one's new turn. */
function takeAway(file, deadOwner) {
  const aside = `${file}.${process.pid}.dead`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, "utf8") !== deadOwner) linkSync(aside, file);
  } catch {
    // somebody else took it away first, or already has the turn: look again
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAlive(owner) {
  const [pid, start] = owner.split(" ");
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === "EPERM"; // alive, but another user's
  }
  return start === startOf(pid);
}

/** When a process started, so that a new process with a dead one's id is not taken for it; Linux only. */
function startOf(pid) {
  const stat = readText(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
