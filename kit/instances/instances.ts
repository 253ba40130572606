import type { ModelService, Slot } from "#kit/traffic/traffic.ts";

/** One of the two places of a service. */
export interface SlotKey {
  readonly service: ModelService;
  readonly slot: Slot;
}

/** A version and where it is to run. */
export interface SlotVersion extends SlotKey {
  readonly version: string;
}

/** One process of a slot: the `index`th, from 0. */
export interface InstanceKey extends SlotKey {
  readonly index: number;
}

/** A process that is kept running; while one is replaced, the old one. */
export interface Instance extends InstanceKey {
  readonly version: string;
  /** `tip-blue`, `tip-blue-2` …; the process that replaces another has a name of its own. */
  readonly name: string;
  /** `host:port` where it was last ready. */
  readonly address: string;
  /** Whether it serves now; false between a death and the next start. */
  readonly ready: boolean;
  readonly deaths: Deaths;
}

/** How often a process died since it was deployed. */
export interface Deaths {
  readonly count: number;
  /** Undefined: never. */
  readonly lastAt: Date | undefined;
}

/** The death of one process, which is started again. */
export interface InstanceExit extends SlotVersion {
  readonly index: number;
  readonly name: string;
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  /** `SIGKILL` …; undefined when it ended by itself. */
  readonly signal: string | undefined;
  readonly at: Date;
}

/**
 * Runs versions in slots while the mesh serves. Processes of this machine are one driver; Deployments of a
 * Kubernetes cluster would be another.
 *
 * Work on one slot is done one after the other. A request that fails leaves the slot as it was: no process, no
 * durable, no endpoint of it. Errors are `MeshError`s: NOT_FOUND (no such service, slot, version or process),
 * FAILED_PRECONDITION (the slot or the bundle forbids it, or the process did not start: with its last words),
 * UNAVAILABLE (a part of the mesh is away; the same request may succeed later).
 */
export interface Instances {
  /**
   * Starts as many processes as the slot is to have and resolves once all of them serve and requests can be
   * sent to them. A consumer's durable is made first, from now on. The version that is there already is no
   * work; another one is FAILED_PRECONDITION.
   */
  deploy(deployment: SlotVersion): Promise<void>;
  /**
   * Puts a process of another version in the place of one: the new one serves before the old one is taken
   * out and finishes what it has in hand. No work when that version is there already.
   */
  replace(key: InstanceKey, version: string): Promise<void>;
  /**
   * Gives up a deployment that is under way (it fails with ABORTED). Takes the slot out, waits until its consumers have answered what had been stored by then (not for ever),
   * stops the processes, and removes the durable. An empty slot is no work.
   */
  retire(slot: SlotKey): Promise<void>;
  list(): Promise<readonly Instance[]>;
  /** Calls back for each death, before the next start. Gives back how to stop listening. */
  onExit(listener: (exit: InstanceExit) => void): () => void;
}
