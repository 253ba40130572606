import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readCard } from "#kit/model/bundle.ts";
import { modelServices } from "#kit/traffic/traffic.ts";
import { Problem } from "../problem.ts";

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

/**
 * The bundle that a person means: `tip@v2`, `tip` for its first version, or the path of a folder. Fails with
 * a sentence that lists what there is.
 */
export async function findBundle(modelsDir: string, named: string): Promise<BundlePlace> {
  if (named.includes("/") || named.startsWith(".")) {
    const { service, version } = await readCard(resolve(named));
    return { service, version, dir: resolve(named) };
  }
  const [service, version] = named.split("@");
  const places = await findBundles(modelsDir);
  const place = places.find(
    (known) => known.service === service && (version === undefined || known.version === version),
  );
  if (place) return place;
  const known = places.map((bundle) => `${bundle.service}@${bundle.version}`).join(", ");
  throw new Problem(`There is no model ${named}: there are ${known || "no models at all"}.`);
}

async function foldersIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []); // none there
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
