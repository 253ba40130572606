import { createServer } from "node:net";
import { Problem } from "../problem.ts";
import { describePortOwner } from "./port-owner.ts";

/** The address everything listens on: the mesh is this machine's business. */
export const HOST = "127.0.0.1";

/** Ports that people and other programs know. */
export interface PublicPorts {
  readonly edge: number;
  readonly mesh: number;
  readonly admin: number;
  readonly nats: number;
  readonly console: number;
  readonly backend: number;
  readonly rollout: number;
  /** Where spans are taken. */
  readonly otlp: number;
}

export const defaultPorts: PublicPorts = {
  edge: 8080,
  mesh: 9000,
  admin: 9901,
  nats: 4222,
  console: 7600,
  backend: 7000,
  rollout: 7500,
  otlp: 4317,
};

const allAuto: PublicPorts = {
  edge: 0,
  mesh: 0,
  admin: 0,
  nats: 0,
  console: 0,
  backend: 0,
  rollout: 0,
  otlp: 0,
};

/** Green's ports are so far above blue's; also the most processes of one slot. */
export const GREEN_OFFSET = 50;

/** Where each service's blue instances begin. */
export const firstServicePort = {
  duration: 7100,
  "dynamic-duration": 7200,
  tip: 7300,
  cost: 7400,
} as const;

/** The ports to ask for, 0 where the kernel chooses, and all of those that have to be free. */
export function plannedPorts(options: {
  readonly autoPorts: boolean;
  readonly consumers: number;
}): { readonly ports: PublicPorts; readonly all: readonly number[] } {
  if (options.autoPorts) {
    return { ports: allAuto, all: [] };
  }
  const instances = Object.entries(firstServicePort).flatMap(([service, first]) =>
    Array.from({ length: service === "duration" ? 1 : options.consumers }, (_, i) => [
      first + i,
      first + GREEN_OFFSET + i,
    ]).flat(),
  );
  return { ports: defaultPorts, all: [...Object.values(defaultPorts), ...instances] };
}

/** The ports of a plan that somebody else holds. */
export async function takenPorts(ports: readonly number[]): Promise<number[]> {
  const taken = await Promise.all(ports.map(isTaken));
  return ports.filter((_, i) => taken[i]);
}

/** Fails with one sentence when a port is taken, naming the port and, where that is known, who has it. */
export async function requireFreePorts(
  ports: readonly number[],
  owner: (port: number) => string | undefined = describePortOwner,
): Promise<void> {
  const taken = await takenPorts(ports);
  const [port] = taken;
  if (port === undefined) return;
  const by = owner(port);
  const what =
    taken.length === 1
      ? `Port ${port} is taken${by ? ` by ${by}` : ""}`
      : `Ports ${taken.join(", ")} are taken${by ? `, ${port} by ${by}` : ""}`;
  throw new Problem(`${what}: stop what listens there, or use --ports auto.`);
}

async function isTaken(port: number): Promise<boolean> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
    return false;
  } catch {
    return true; // taken, or not ours to take: either way it will not do
  }
}

function listen(port: number): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: HOST, exclusive: true }, () => resolve(server));
  });
}
