import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const SETUP = dirname(fileURLToPath(import.meta.url));
const PRINTING_CLI = `console.log(JSON.stringify({
  pid: process.pid, version: process.version, cwd: process.cwd(), args: process.argv.slice(2),
}));\n`;

export type Ended = Readonly<{ code: number | null; stdout: string; stderr: string; pid: number }>;
export type Running = Readonly<{ child: ChildProcess; ended: Promise<Ended> }>;

/**
 * A small repository in a temporary folder with the real set-up in it, and a PATH that holds only what a test puts
 * there. It begins complete: packages installed, Envoy and nats-server (scripts that answer --version) on the PATH.
 */
export type Trial = Readonly<{
  root: string;
  env: Record<string, string>;
  start(command: string, ...args: string[]): Running;
  run(command: string, ...args: string[]): Promise<Ended>;
  /** Puts a shell script on the PATH. */
  script(name: string, body: string): void;
  /** Puts a program of this machine on the PATH. */
  borrow(name: string, path?: string): void;
  /** Takes a program off the PATH. */
  without(name: string): void;
  write(path: string, content: string): void;
  read(path: string): string;
  has(path: string): boolean;
  tools(): Record<string, { path: string; version: string; source: string }>;
  /** What lies in .tools, with times, to see that nothing was written. */
  snapshot(): string[];
  remove(): void;
}>;

export function createTrial(): Trial {
  const box = realpathSync(mkdtempSync(join(tmpdir(), "set-up-")));
  const root = join(box, "repository");
  const bin = join(box, "bin");
  const env: Record<string, string> = {
    PATH: bin,
    HOME: box,
    npm_config_cache: join(box, "npm-cache"),
    PIP_NO_CACHE_DIR: "1",
    PIP_CONFIG_FILE: "/dev/null",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const start = (command: string, ...args: string[]): Running => {
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = (async () => {
      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "exit"),
      ]);
      return { code: child.exitCode, stdout, stderr, pid: child.pid ?? 0 };
    })();
    return { child, ended };
  };
  const trial: Trial = {
    root,
    env,
    start,
    run: async (command, ...args) => await start(command, ...args).ended,
    script: (name, body) => {
      rmSync(join(bin, name), { force: true });
      writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(bin, name), 0o755);
    },
    borrow: (name, path = findOnThisMachine(name)) => {
      rmSync(join(bin, name), { force: true });
      symlinkSync(path, join(bin, name));
    },
    without: (name) => rmSync(join(bin, name), { force: true }),
    write: (path, content) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    },
    read: (path) => readFileSync(join(root, path), "utf8"),
    has: (path) => existsSync(join(root, path)),
    tools: () => JSON.parse(trial.read(".tools/tools.json")),
    snapshot: () => listWithTimes(join(root, ".tools")),
    remove: () => rmSync(box, { recursive: true, force: true }),
  };
  furnish(trial, bin);
  return trial;
}

function furnish(trial: Trial, bin: string): void {
  mkdirSync(bin);
  mkdirSync(trial.root);
  cpSync(SETUP, join(trial.root, "setup"), {
    recursive: true,
    filter: (path) => !path.endsWith(".ts"),
  });
  cpSync(join(SETUP, "..", "mesh"), join(trial.root, "mesh"));
  trial.write("cli/main.ts", PRINTING_CLI);
  trial.write("package.json", '{ "name": "trial", "version": "0.0.0", "private": true }');
  lockPackages(trial, {});
  trial.write(
    "node_modules/.package-lock.json",
    JSON.stringify({ lockfileVersion: 3, packages: {} }),
  );
  for (const name of ["dirname", "readlink"]) trial.borrow(name);
  trial.borrow("node", process.execPath);
  trial.script("envoy", answer("0123/1.40.0/Clean/RELEASE/BoringSSL"));
  trial.script("nats-server", answer("nats-server: v2.15.1"));
}

/** A lock that asks for these packages. */
export function lockPackages(trial: Trial, packages: Record<string, object>): void {
  const own = { "": { name: "trial", version: "0.0.0" } };
  trial.write(
    "package-lock.json",
    JSON.stringify({ lockfileVersion: 3, packages: { ...own, ...packages } }),
  );
}

/** The body of a script that answers --version. */
export function answer(version: string): string {
  return `echo "${version}"`;
}

export function findOnThisMachine(name: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined) throw new Error(`${name} is missing: this test needs it on the PATH`);
  return realpathSync(found);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not in this folder
  }
}

function listWithTimes(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names.map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`).sort();
}
