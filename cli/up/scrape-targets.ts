import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { modelServices, slots } from "#kit/traffic/traffic.ts";
import type { Listening } from "./child.ts";

/** An entry of a file that Prometheus reads with `file_sd_configs`. */
interface Target {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Keeps a file in which Prometheus finds every process of a running mesh; it looks again when the file changes. */
export interface ScrapeTargets {
  /** A process is ready here. One that has died stays where it was, so that Prometheus sees that it is down. */
  set(name: string, listening: Listening): void;
  /** It has ended for good. */
  remove(name: string): void;
}

/** Where `mesh up --metrics` keeps it. */
export function targetsFile(dataDir: string): string {
  return join(dataDir, "metrics-targets.json");
}

/** Writes `path`, empty to begin with. */
export function createScrapeTargets(path: string): ScrapeTargets {
  const known = new Map<string, Target>();
  const write = () => {
    writeFileSync(`${path}.new`, `${JSON.stringify([...known.values()], null, 2)}\n`);
    renameSync(`${path}.new`, path); // a reader sees the old one or the new one
  };
  write();
  return {
    set(name, listening) {
      const target = targetOf(name, listening);
      if (!target) return;
      known.set(name, target);
      write();
    },
    remove(name) {
      if (known.delete(name)) write();
    },
  };
}

/** Undefined for a process without metrics: nats-server has none for Prometheus. */
function targetOf(name: string, { metrics, admin }: Listening): Target | undefined {
  if (name === "envoy" && admin !== undefined) {
    const labels = { instance: name, service: name, __metrics_path__: "/stats/prometheus" };
    return { targets: [admin], labels };
  }
  if (metrics === undefined) return undefined;
  return { targets: [metrics], labels: { instance: name, ...placeOf(name) } };
}

/** `tip-blue-2` is one of service tip, slot blue. */
function placeOf(name: string): { readonly service: string; readonly slot?: string } {
  for (const service of modelServices) {
    for (const slot of slots) {
      const own = `${service}-${slot}`;
      if (name === own || name.startsWith(`${own}-`)) return { service, slot };
    }
  }
  return { service: name };
}
