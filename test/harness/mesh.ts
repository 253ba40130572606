import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { OPERATOR } from "#kit/events/users.ts";
import { type MeshFile, readMeshFile } from "../../cli/up/mesh-file.ts";
import { keyFile } from "../../cli/up/nats-users.ts";

const root = new URL("../..", import.meta.url).pathname;
const recorded = join(root, "../shared/data/trips");

/** Recorded trips when they lie beside the project, else the generator's; the tests hold for both. */
export const trips = existsSync(recorded) ? recorded : "demo";

export interface TestMesh extends MeshFile {
  readonly dataDir: string;
  /** To connect to its event stream as its operator. */
  readonly operator: { readonly url: string; readonly keyFile: string };
  /** What it has printed so far. */
  readonly lines: readonly string[];
  /** Ctrl-C; gives back the exit code, the time it took, and which of its processes are left. */
  stop(): Promise<{ code: number | null; ms: number; left: string[] }>;
}

/** A folder for a mesh, and its removal. */
export async function tempDataDir(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-mesh-"));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** `mesh up` on free ports, ready. */
export async function startMesh(dataDir: string, ...args: string[]): Promise<TestMesh> {
  const command = ["cli/main.ts", "up", "--ports", "auto", "--data-dir", dataDir, ...args];
  const child = spawn(process.execPath, command, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  await ready(child, lines);
  const mesh = readMeshFile(dataDir);
  if (!mesh) throw new Error(`no mesh.json in ${dataDir}`);
  let stopped: ReturnType<TestMesh["stop"]> | undefined;
  const operator = { url: mesh.nats, keyFile: keyFile(dataDir, OPERATOR) };
  return { ...mesh, dataDir, operator, lines, stop: () => (stopped ??= stop(child, mesh)) };
}

async function ready(child: ChildProcess, lines: string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        if (line === "mesh is ready") resolve();
      });
    }
    child.once("exit", (code) => {
      reject(new Error(`mesh up exited with ${code}:\n${lines.slice(-20).join("\n")}`));
    });
  });
}

async function stop(child: ChildProcess, mesh: MeshFile) {
  const started = performance.now();
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGINT");
    await once(child, "exit");
  }
  const ms = performance.now() - started;
  const left = Object.entries(mesh.pids).filter(([, pid]) => isAlive(pid));
  return { code: child.exitCode, ms, left: left.map(([name]) => name) };
}

/** Whether a process with that id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
