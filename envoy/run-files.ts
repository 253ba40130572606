// The files that Envoy watches while it runs. It takes a file only when it is renamed into place, and reads JSON
// in a .yaml file as well, since JSON is YAML.
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeLayerFile } from "#kit/traffic/layer-file.ts";
import type { RuntimeKeys } from "#kit/traffic/runtime.ts";
import { modelServices, slots } from "#kit/traffic/traffic.ts";

const TYPE = "type.googleapis.com/envoy";

/**
 * Every cluster that has a file of addresses: `<service>-<slot>`, and the four that have no slots. The
 * `-shadow` clusters read those of their slots.
 */
export function clusterNames(services: readonly string[] = modelServices): string[] {
  const slotted = services.flatMap((service) => slots.map((slot) => `${service}-${slot}`));
  return ["backend", "gateway", "rollout", "collector", ...slotted];
}

/**
 * Makes everything that must exist before Envoy starts: no addresses in any cluster, as those of an earlier run
 * may be somebody else's by now; the saved traffic stays as it is.
 */
export function prepareRunDir(runDir: string, services: readonly string[] = modelServices): void {
  for (const cluster of clusterNames(services)) writeEndpoints(runDir, cluster, []);
  if (!existsSync(trafficLayerFile(runDir))) writeTrafficLayer(runDir, {});
}

/** Replaces a cluster's addresses (`host:port`); Envoy checks new ones at once and drops the others. */
export function writeEndpoints(
  runDir: string,
  cluster: string,
  addresses: readonly string[],
): void {
  const lbEndpoints = addresses.map((address) => {
    const colon = address.lastIndexOf(":");
    const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
    const socketAddress = { address: host, port_value: Number(address.slice(colon + 1)) };
    return { endpoint: { address: { socket_address: socketAddress } } };
  });
  replaceFile(join(runDir, "eds"), `${cluster}.yaml`, {
    "@type": `${TYPE}.config.endpoint.v3.ClusterLoadAssignment`,
    cluster_name: cluster,
    endpoints: lbEndpoints.length === 0 ? [] : [{ lb_endpoints: lbEndpoints }],
  });
}

/** Replaces the saved traffic: what holds until something above this layer says otherwise. */
export function writeTrafficLayer(runDir: string, keys: RuntimeKeys): void {
  writeLayerFile(trafficLayerFile(runDir), keys);
}

/** The file that `writeTrafficLayer` writes. */
export function trafficLayerFile(runDir: string): string {
  return join(runDir, "layers", "traffic.yaml");
}

function replaceFile(folder: string, name: string, resource: object): void {
  mkdirSync(folder, { recursive: true });
  const draft = join(folder, `.${name}.${process.pid}`);
  writeFileSync(draft, JSON.stringify({ resources: [resource] }, null, 2));
  renameSync(draft, join(folder, name));
}
