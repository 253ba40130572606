import type { NodeState } from "./acknowledgement.ts";

/** More than anybody runs; the oldest are forgotten first. */
const MAX_GONE = 1000;

/** The Envoys that have gone lately, by node id. */
export interface Gone {
  add(state: NodeState): void;
  /** It is back. */
  delete(node: string): void;
  /** Those whom it is too early to forget. */
  list(): NodeState[];
}

export function createGone(forgetAfterMs: number, now: () => number): Gone {
  const gone = new Map<string, { readonly state: NodeState; readonly atMs: number }>();
  return {
    add(state) {
      gone.delete(state.node); // to the end of the map, where the newest are
      gone.set(state.node, { state, atMs: now() });
      for (const oldest of gone.keys()) {
        if (gone.size <= MAX_GONE) break;
        gone.delete(oldest);
      }
    },
    delete: (node) => void gone.delete(node),
    list() {
      for (const [node, { atMs }] of gone) if (now() - atMs > forgetAfterMs) gone.delete(node);
      return [...gone.values()].map(({ state }) => state);
    },
  };
}
