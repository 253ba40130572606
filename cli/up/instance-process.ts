import { join } from "node:path";
import { durableName } from "#kit/events/subjects.ts";
import type { Instance, InstanceExit, InstanceKey } from "#kit/instances/instances.ts";
import type { Exit, Launch } from "./child.ts";
import { describeExit } from "./child.ts";
import type { Endpoints } from "./endpoints.ts";
import type { EnvoyHosts } from "./envoy-hosts.ts";
import type { Parts } from "./parts.ts";
import { firstServicePort, GREEN_OFFSET, HOST } from "./ports.ts";

/** One process of a slot that serves, and is started again when it dies. */
export interface InstanceProcess {
  /** As it is now. */
  current(): Instance;
  /** Takes it out of Envoy, lets it finish what it has in hand, and ends it. */
  end(): Promise<void>;
}

/** Starts processes of model services. */
export interface InstanceProcesses {
  /** Resolves once it serves and Envoy sends to it; fails with nothing left of it, at once when `signal` aborts. */
  start(key: InstanceKey, version: string, signal?: AbortSignal): Promise<InstanceProcess>;
}

export interface InstanceProcessOptions {
  readonly parts: Pick<Parts, "start" | "stop">;
  /** Makes the launch of a mesh process: its `main.ts` and its variables. */
  readonly launch: (name: string, main: string, env: NodeJS.ProcessEnv) => Launch;
  /** Where the bundles lie: `<service>/<version>/`. */
  readonly modelsDir: string;
  readonly natsUrl: string;
  /** File with the key of a user of the event stream; undefined where the server asks for none. */
  readonly natsKey: (user: string) => string | undefined;
  /** Let the kernel choose the ports. */
  readonly autoPorts: boolean;
  readonly endpoints: Endpoints;
  readonly hosts: EnvoyHosts;
  readonly onExit: (exit: InstanceExit) => void;
  /** The mesh stops: nobody waits any more. */
  readonly signal: AbortSignal;
}

/** How long a process may take to finish what it has in hand: a little more than it gives itself. */
const DRAIN_MS = 9_000;

export function createInstanceProcesses(options: InstanceProcessOptions): InstanceProcesses {
  const names = new Set<string>();
  return {
    async start(key, version, signal) {
      // Two of one place run side by side while one replaces the other; they take turns at the names.
      const own = nameOf(key);
      const name = names.has(own) ? `${own}-next` : own;
      names.add(name);
      const process = createProcess(options, key, version, name, () => names.delete(name));
      try {
        await process.begin(signal);
      } catch (cause) {
        await process.end();
        throw signal?.aborted ? signal.reason : cause;
      }
      return process;
    },
  };
}

function createProcess(
  options: InstanceProcessOptions,
  key: InstanceKey,
  version: string,
  name: string,
  onEnd: () => void,
): InstanceProcess & { begin(signal?: AbortSignal): Promise<void> } {
  const { parts, endpoints, hosts } = options;
  const cluster = `${key.service}-${key.slot}`;
  const env = environment(options, key, version, name);
  const died = new AbortController();
  let instance: Instance = { ...key, version, name, ...notReadyYet };
  let leaving = false;

  const onReady = (address: string) => {
    instance = { ...instance, address, ready: true };
    if (!leaving) endpoints.set(cluster, name, address);
  };
  const onDeath = (exit: Exit) => {
    const at = new Date();
    const deaths = { count: instance.deaths.count + 1, lastAt: at };
    instance = { ...instance, ready: false, deaths };
    endpoints.set(cluster, name, undefined);
    died.abort(new Error(`${name} died (${describeExit(exit)}) as soon as it was ready`));
    const { code, signal } = exit;
    const how = { code: code ?? undefined, signal: signal ?? undefined };
    options.onExit({ ...key, version, name, ...how, at });
  };

  return {
    current: () => instance,
    async begin(signal) {
      const giveUp = () => void parts.stop(name, DRAIN_MS).catch(() => undefined); // ended again below
      signal?.throwIfAborted();
      signal?.addEventListener("abort", giveUp, { once: true });
      try {
        await parts.start({
          name,
          stage: "models",
          launch: () => options.launch(name, `services/${key.service}/main.ts`, env),
          onReady: (listening) => onReady(listening["rpc"] ?? ""),
          onExit: onDeath,
        });
        const signals = [died.signal, options.signal, ...(signal ? [signal] : [])];
        await hosts.untilHealthy(cluster, instance.address, AbortSignal.any(signals));
      } finally {
        signal?.removeEventListener("abort", giveUp);
      }
    },
    async end() {
      leaving = true;
      endpoints.set(cluster, name, undefined);
      if (instance.address !== "") await hosts.untilGone(cluster, instance.address);
      await parts.stop(name, DRAIN_MS);
      instance = { ...instance, ready: false };
      onEnd();
    },
  };
}

const notReadyYet = { address: "", ready: false, deaths: { count: 0, lastAt: undefined } };

function environment(
  { modelsDir, natsUrl, natsKey, autoPorts }: InstanceProcessOptions,
  key: InstanceKey,
  version: string,
  name: string,
): NodeJS.ProcessEnv {
  // The known port is the first one's; whoever replaces it listens where the kernel says.
  const port = autoPorts || name !== nameOf(key) ? 0 : servicePort(key);
  const keyFile = natsKey(durableName(key.service, key.slot));
  return {
    MESH_SLOT: key.slot,
    MESH_MODEL_DIR: join(modelsDir, key.service, version),
    MESH_LISTEN: `${HOST}:${port}`,
    MESH_NATS: natsUrl,
    ...(keyFile === undefined ? {} : { MESH_NATS_KEY: keyFile }),
  };
}

/** `tip-blue`; further processes of the same slot are counted from 2. */
function nameOf({ service, slot, index }: InstanceKey): string {
  return `${service}-${slot}${index === 0 ? "" : `-${index + 1}`}`;
}

/** The fixed port of an instance. */
function servicePort({ service, slot, index }: InstanceKey): number {
  return firstServicePort[service] + (slot === "blue" ? 0 : GREEN_OFFSET) + index;
}
