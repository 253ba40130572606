import { join } from "node:path";
import type { Launch } from "./child.ts";

export interface MeshProcessOptions {
  /** The repository. */
  readonly root: string;
  /** Its Node 24. */
  readonly node: string;
  /** The environment that all children start from. */
  readonly env: NodeJS.ProcessEnv;
}

/** Makes launches of the mesh's own processes, which announce themselves. */
export function createMeshProcess({ root, node, env }: MeshProcessOptions) {
  return (name: string, main: string, own: NodeJS.ProcessEnv): Launch => ({
    name,
    command: node,
    // A large young generation costs tail latency: measured, see the design, section 7.
    args: ["--max-semi-space-size=8", "--disable-warning=ExperimentalWarning", join(root, main)],
    env: { ...env, ...own },
    cwd: root,
    ready: "announce",
  });
}

/**
 * What children inherit: everything but the mesh's own variables, which would change one part behind the
 * back of the others. The log level is everybody's.
 */
export function inheritedEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith("MESH_") || name === "MESH_LOG_LEVEL"),
  );
}
