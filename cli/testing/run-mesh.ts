import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { runProgram } from "../run-program.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a command line printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Runs `mesh ARGS` in this process, in the folder `cwd`, without colours. */
export async function runMesh(cwd: string, ...args: string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runProgram(["node", "mesh", ...args], {
    root,
    cwd,
    env: { NO_COLOR: "1" },
    stdout: process.stdout,
    signals: new EventEmitter(),
    print: (line) => out.push(line),
    printError: (line) => err.push(line),
  });
  return { code, out, err };
}
