import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { RuntimeKeys } from "./runtime.ts";

/** The name of the saved layer's resource, in the file and in Envoy's configuration. */
export const SAVED_LAYER = "saved-traffic";

/**
 * Replaces the file that a starting Envoy reads its traffic from, with the keys as they would be pushed.
 *
 * Envoy takes a file only when it is renamed into place, and reads JSON in a .yaml file as well.
 */
export function writeLayerFile(path: string, keys: RuntimeKeys): void {
  const resource = {
    "@type": "type.googleapis.com/envoy.service.runtime.v3.Runtime",
    name: SAVED_LAYER,
    layer: keys,
  };
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ resources: [resource] }, null, 2));
  renameSync(draft, path);
}
