import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { modelServices } from "#kit/traffic/traffic.ts";

/** Where one version of one service lies. */
export interface BundlePlace {
  readonly service: string;
  readonly version: string;
  readonly dir: string;
}

/** Every bundle below `models/`, services in their usual order, versions by name. */
export async function findBundles(modelsDir: string): Promise<BundlePlace[]> {
  const services = await foldersIn(modelsDir);
  const usual: readonly string[] = modelServices;
  const order = (service: string) =>
    usual.includes(service) ? usual.indexOf(service) : usual.length;
  services.sort((a, b) => order(a) - order(b) || a.localeCompare(b));
  const found: BundlePlace[] = [];
  for (const service of services) {
    for (const version of await foldersIn(join(modelsDir, service))) {
      found.push({ service, version, dir: join(modelsDir, service, version) });
    }
  }
  return found;
}

async function foldersIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []); // none there
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
