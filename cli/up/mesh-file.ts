import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const address = z.string();
const schema = z.object({
  edge: address,
  mesh: address,
  admin: address,
  nats: address,
  console: address,
  backend: address,
  rollout: address.optional(),
  otlp: address.optional(),
  pids: z.record(z.string(), z.number()),
});

/** Where a running mesh can be reached: `host:port` each, `nats` as a URL, process numbers by name. */
export type MeshFile = z.output<typeof schema>;

/** What the mesh on this data directory wrote when it was ready; undefined when none is running. */
export function readMeshFile(dataDir: string): MeshFile | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(readFileSync(pathIn(dataDir), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // not there
  }
}

/** Replaces the file as a whole: a reader sees the old one or the new one. */
export function writeMeshFile(dataDir: string, mesh: MeshFile): void {
  const path = pathIn(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(mesh)}\n`);
  renameSync(`${path}.new`, path);
}

export function removeMeshFile(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

function pathIn(dataDir: string): string {
  return join(dataDir, "mesh.json");
}
