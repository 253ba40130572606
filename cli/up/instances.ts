import { join } from "node:path";
import { durableName } from "#kit/events/subjects.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";
import type { Exit, Launch } from "./child.ts";
import type { Parts } from "./parts.ts";
import { firstServicePort, GREEN_OFFSET, HOST } from "./ports.ts";

/** One process of a model service: the `index`th, from 0, of a version in a slot. */
export interface InstanceKey {
  readonly service: ModelService;
  readonly slot: Slot;
  readonly index: number;
}

export interface Instance extends InstanceKey {
  readonly version: string;
  /** `tip-blue`, `tip-blue-2` … */
  readonly name: string;
  /** `host:port` where it was last ready. */
  readonly address: string;
}

/**
 * Runs versions in slots. Here they are processes of this machine; on Kubernetes the same four would be
 * Deployments.
 */
export interface Instances {
  /** Starts one; resolves once it serves. */
  start(key: InstanceKey, version: string): Promise<Instance>;
  stop(key: InstanceKey): Promise<void>;
  list(): readonly Instance[];
  /** Calls back when one has died, before it is started again. Gives back how to stop listening. */
  onExit(listener: (instance: Instance, exit: Exit) => void): () => void;
}

export interface LocalInstancesOptions {
  readonly parts: Parts;
  /** Makes the launch of a mesh process: its `main.ts` and its variables. */
  readonly launch: (name: string, main: string, env: NodeJS.ProcessEnv) => Launch;
  readonly natsUrl: string;
  /** File with the key of a user of the event stream. */
  readonly natsKey: (user: string) => string;
  /** Let the kernel choose the ports. */
  readonly autoPorts: boolean;
  /** It is ready at an address, after a restart maybe another; undefined: it has ended. */
  readonly onAddress: (key: InstanceKey, name: string, address: string | undefined) => void;
}

/** The processes of the model services on this machine. */
export function createLocalInstances(options: LocalInstancesOptions): Instances {
  const { parts, autoPorts } = options;
  const instances = new Map<string, Instance>();
  const listeners = new Set<(instance: Instance, exit: Exit) => void>();

  return {
    async start(key, version) {
      const name = nameOf(key);
      const env = {
        MESH_SLOT: key.slot,
        MESH_MODEL_DIR: join("models", key.service, version),
        MESH_LISTEN: `${HOST}:${autoPorts ? 0 : servicePort(key)}`,
        MESH_NATS: options.natsUrl,
        MESH_NATS_KEY: options.natsKey(durableName(key.service, key.slot)),
      };
      const ready = (address: string): Instance => {
        const instance = { ...key, version, name, address };
        instances.set(name, instance);
        options.onAddress(key, name, address);
        return instance;
      };
      const listening = await parts.start({
        name,
        stage: "models",
        launch: () => options.launch(name, `services/${key.service}/main.ts`, env),
        onReady: (addresses) => ready(addresses["rpc"] ?? ""),
        onExit: (exit) => {
          options.onAddress(key, name, undefined);
          const instance = instances.get(name);
          if (instance) for (const listener of listeners) listener(instance, exit);
        },
      });
      return instances.get(name) ?? ready(listening["rpc"] ?? "");
    },
    async stop(key) {
      const name = nameOf(key);
      options.onAddress(key, name, undefined);
      instances.delete(name);
      await parts.stop(name);
    },
    list: () => [...instances.values()],
    onExit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** `tip-blue`; further processes of the same slot are counted from 2. */
export function nameOf({ service, slot, index }: InstanceKey): string {
  return `${service}-${slot}${index === 0 ? "" : `-${index + 1}`}`;
}

/** The fixed port of an instance. */
export function servicePort({ service, slot, index }: InstanceKey): number {
  return firstServicePort[service] + (slot === "blue" ? 0 : GREEN_OFFSET) + index;
}
