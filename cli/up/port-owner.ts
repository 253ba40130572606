import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Who listens on a TCP port of this machine: `nginx (1234)`; undefined where that cannot be found out. */
export function describePortOwner(port: number): string | undefined {
  const sockets = listeningSockets(port);
  if (sockets.size === 0) return undefined;
  for (const pid of list("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of list(`/proc/${pid}/fd`)) {
      if (!sockets.has(target(`/proc/${pid}/fd/${descriptor}`))) continue;
      const name = read(`/proc/${pid}/comm`).trim();
      return `${name || "process"} (${pid})`;
    }
  }
  return undefined;
}

/** What the descriptors of a listener's sockets point to, from the kernel's tables. */
function listeningSockets(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const found = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const row of read(table).split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode] = row.trim().split(/\s+/);
      if (state === "0A" && local.endsWith(`:${wanted}`)) found.add(`socket:[${inode}]`);
    }
  }
  return found;
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // not ours to read, or gone
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // as above
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // as above
  }
}
