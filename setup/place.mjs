import { join } from "node:path";

/**
 * Where things lie. Everything that the set-up writes is inside node_modules/, .tools/ and gateway/dist/,
 * so removing these three removes every trace of it.
 */
export function createPlace(root) {
  const tools = join(root, ".tools");
  const packages = join(root, "node_modules");
  return {
    root,
    tools,
    packages,
    lockFile: join(root, "package-lock.json"),
    toolsFile: join(tools, "tools.json"),
    node: join(tools, "bin", "node"),
    turn: join(tools, "set-up.lock"),
    gateway: join(root, "gateway"),
    log: (name) => join(tools, `${name}.log`),
  };
}
