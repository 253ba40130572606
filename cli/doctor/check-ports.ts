import { lockOwner } from "../up/lock.ts";
import { readMeshFile } from "../up/mesh-file.ts";
import { describePortOwner } from "../up/port-owner.ts";
import { defaultPorts, plannedPorts, takenPorts } from "../up/ports.ts";
import type { Finding } from "./finding.ts";

/** The usual ports: free, or held by the mesh on this data directory. */
export async function checkPorts(dataDir: string): Promise<Finding[]> {
  const owner = lockOwner(dataDir);
  const taken = await takenPorts(plannedPorts({ autoPorts: false, consumers: 1 }).all);
  if (taken.length === 0) return [{ name: "ports", ok: true, found: "all free" }];
  const usesThem = readMeshFile(dataDir)?.edge.endsWith(`:${defaultPorts.edge}`) === true;
  if (owner && usesThem) {
    const found = `held by the mesh that runs on ${dataDir} (process ${owner.pid})`;
    return [{ name: "ports", ok: true, found }];
  }
  return taken.map((port) => {
    const by = describePortOwner(port);
    return {
      name: `port ${port}`,
      ok: false,
      found: `taken${by ? ` by ${by}` : ""}`,
      remedy: "Stop what listens there, or start with mesh up --ports auto.",
    };
  });
}
