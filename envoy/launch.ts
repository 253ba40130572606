import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;

/** Where a running Envoy listens, `host:port` each as bound. */
export interface EnvoyAddresses {
  readonly edge: string;
  readonly mesh: string;
  readonly admin: string;
}

/** How to run Envoy, and how to know that it serves. Whoever starts the process keeps it. */
export interface EnvoyLaunch {
  readonly args: readonly string[];
  /** Resolves once Envoy says that it is ready; fails only when `signal` aborts. */
  untilReady(signal: AbortSignal): Promise<EnvoyAddresses>;
}

/** Writes the configuration into `runDir` and forgets where an earlier Envoy of that folder listened. */
export function prepareLaunch(runDir: string, config: string): EnvoyLaunch {
  const adminFile = join(runDir, "admin-address");
  const configFile = join(runDir, "envoy.json");
  mkdirSync(runDir, { recursive: true });
  rmSync(adminFile, { force: true }); // an earlier run's would be taken for ours
  writeFileSync(configFile, config);
  return {
    // Hot restart would claim a machine-wide id. One thread: a request crosses both listeners without changing
    // it (measured on 2 cores: p50 at 8 callers 1.3 times that without Envoy, 1.6 with two threads).
    args: [
      ...["-c", configFile, "--admin-address-path", adminFile, "--disable-hot-restart"],
      ...["--concurrency", "1", "--drain-time-s", "1", "--log-level", "warning"],
    ],
    async untilReady(signal) {
      for (;;) {
        const admin = readIfThere(adminFile);
        if (admin !== "" && (await answersReady(admin)))
          return { admin, ...(await readListeners(admin)) };
        await sleep(POLL_MS, undefined, { signal });
      }
    },
  };
}

async function answersReady(admin: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${admin}/ready`, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // not listening yet, or too busy: asked again
  }
}

async function readListeners(admin: string): Promise<{ edge: string; mesh: string }> {
  const response = await fetch(`http://${admin}/listeners?format=json`, {
    signal: AbortSignal.timeout(5000),
  });
  const { listener_statuses: statuses } = (await response.json()) as {
    listener_statuses: {
      name: string;
      local_address: { socket_address: { address: string; port_value: number } };
    }[];
  };
  const addressOf = (name: string) => {
    const found = statuses.find((status) => status.name === name)?.local_address.socket_address;
    if (!found) throw new Error(`Envoy has no listener named ${name}`);
    const host = found.address.includes(":") ? `[${found.address}]` : found.address;
    return `${host}:${found.port_value}`;
  };
  return { edge: addressOf("edge"), mesh: addressOf("mesh") };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return ""; // not written yet
  }
}
