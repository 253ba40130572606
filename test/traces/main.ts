// node test/traces/main.ts [NAME…]: removes propagation at one hop after the other, in a copy of the project, and
// shows that the edges of the table which depend on it are then missing. Names select mutations by a part of theirs.
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Mutation, mutations } from "./mutations.ts";

const run = promisify(execFile);
const root = new URL("../..", import.meta.url).pathname;
const code = [
  "cli",
  "envoy",
  "gateway",
  "gen",
  "kit",
  "package.json",
  "services",
  "simulator",
  "test",
];
const shared = [".tools", "models", "node_modules"];
const WITHIN_MS = 180_000;

const stopping = new AbortController();
process.once("SIGINT", () => stopping.abort());
process.once("SIGTERM", () => stopping.abort());

const wanted = process.argv.slice(2);
const chosen = mutations.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
const dir = await mkdtemp(join(tmpdir(), "tripmesh-traces-"));
let failed = 0;
try {
  const seed = join(dir, "seed");
  await node(root, [seed, "--shadows"]);
  const none = await missingIn(root, seed);
  say(none.length === 0, "nothing removed", none.join("; ") || "no edge missing");
  for (const mutation of chosen) {
    const missing = await missingIn(await copyWith(mutation), seed);
    const unseen = mutation.breaks.filter((edge) => !missing.includes(edge));
    const told = unseen.length === 0 ? "" : `; not missed: ${unseen.join("; ")}`;
    say(unseen.length === 0, mutation.name, `${missing.length} edges missing${told}`);
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

function say(ok: boolean, name: string, result: string): void {
  if (!ok) failed++;
  process.stdout.write(`${ok ? "ok    " : "FAILED"} ${name}: ${result}\n`);
}

/** A copy of the project's code in which one hop does not carry the trace on. */
async function copyWith({ name, file, from, to }: Mutation): Promise<string> {
  const copy = join(dir, "copy");
  await rm(copy, { recursive: true, force: true });
  for (const part of code) await cp(join(root, part), join(copy, part), { recursive: true });
  for (const part of shared) await symlink(join(root, part), join(copy, part));
  const text = await readFile(join(copy, file), "utf8");
  if (text.split(from).length !== 2)
    throw new Error(`${name}: ${file} does not have its text once`);
  await writeFile(
    join(copy, file),
    text.replace(from, () => to),
  );
  return copy;
}

/** The edges that a trip through the mesh of that code lacks. */
async function missingIn(project: string, seed: string): Promise<readonly string[]> {
  const dataDir = join(dir, "data");
  await rm(dataDir, { recursive: true, force: true });
  await cp(seed, dataDir, { recursive: true });
  const lines = (await node(project, [dataDir])).trim().split("\n");
  return JSON.parse(lines.at(-1) ?? "[]") as string[];
}

/** A machine that has no watches left for one more Envoy may have some a moment later. */
async function node(project: string, args: readonly string[], triesLeft = 10): Promise<string> {
  const script = join(project, "test/traces/check-edges.ts");
  const options = { cwd: project, timeout: WITHIN_MS, signal: stopping.signal };
  try {
    return (await run(process.execPath, [script, ...args], options)).stdout;
  } catch (cause) {
    if (triesLeft === 0 || !/SIGABRT/.test(String(cause))) throw cause;
    await sleep(15_000);
    return node(project, args, triesLeft - 1);
  }
}
