/** Which addresses stand behind each of Envoy's clusters. */
export interface Endpoints {
  /** A process of the cluster listens here now; undefined: it has ended. */
  set(cluster: string, process: string, address: string | undefined): void;
}

/** Keeps the members of each cluster and writes a cluster whenever they change. */
export function createEndpoints(
  write: (cluster: string, addresses: readonly string[]) => void,
): Endpoints {
  const clusters = new Map<string, Map<string, string>>();
  return {
    set(cluster, process, address) {
      const members = clusters.get(cluster) ?? new Map<string, string>();
      clusters.set(cluster, members);
      if (members.get(process) === address) return;
      if (address === undefined) members.delete(process);
      else members.set(process, address);
      write(cluster, [...members.values()]);
    },
  };
}
