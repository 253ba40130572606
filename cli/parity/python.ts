import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { Bundle } from "#kit/model/bundle.ts";
import { Problem } from "../problem.ts";
import type { Answers } from "./answers.ts";
import { type ParityRow, toJsonColumns } from "./rows.ts";

export interface PythonOptions {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly batch: number;
  readonly threads: number;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 300_000;

/** ONNX Runtime in Python, in the environment that training uses. */
export async function scoreInPython(
  bundle: Bundle,
  rows: readonly ParityRow[],
  { root, env, batch, threads, signal }: PythonOptions,
): Promise<Answers> {
  const child = spawn(
    join(root, "training", "with-python"),
    [
      ...["-m", "training.score", dirname(bundle.path)],
      ...["--batch", String(batch), "--threads", String(threads)],
    ],
    { env, stdio: ["pipe", "pipe", "pipe"], timeout: TIMEOUT_MS, signal },
  );
  child.stdin.on("error", () => undefined); // it ended early: its exit code and last words tell why
  const names = bundle.card.inputs.map(({ name }) => name);
  child.stdin.end(JSON.stringify({ columns: toJsonColumns(rows, names) }));
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (code !== 0) {
    throw new Problem("Python could not score the rows.", { details: err.trim().split("\n") });
  }
  const { outputs } = JSON.parse(out) as { outputs: Record<string, number[]> };
  return {
    mode: "Python",
    setting: `batches of ${batch}, ${threads} thread${threads === 1 ? "" : "s"}`,
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, values]) => [name, Float32Array.from(values)]),
    ),
  };
}
