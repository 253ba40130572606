import { type ChildProcess, fork } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { constants, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { ReportStatus } from "./view.ts";

/** What the process of a report tells. */
export type ReportMessage =
  | { readonly kind: "progress"; readonly done: number; readonly total: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly why: string };

export const reportFormats = ["html", "csv", "json"] as const;
export type ReportFormat = (typeof reportFormats)[number];

export interface ReportsDependencies {
  /** Where the process of a report finds the streams: `MESH_NATS`, `MESH_NATS_KEY`, `MESH_MODELS`. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  /** Longest time for one, ms. Default ten minutes. */
  readonly withinMs?: number;
}

export interface Reports {
  /** Begins one, or does nothing when it is being made. Fails with RESOURCE_EXHAUSTED during another's. */
  start(rolloutId: string): void;
  status(rolloutId: string): ReportStatus;
  /** The file of a finished report; undefined without one. */
  file(rolloutId: string, format: ReportFormat): string | undefined;
  close(): Promise<void>;
}

/** Finished reports that are kept. */
const KEPT = 3;
const HEAP_MB = 256;

/**
 * Makes reports on demand, one at a time, each by a process of its own with a bounded heap and a low priority:
 * a report reads every trip since the start of its rollout, which the riders' streams must not feel.
 */
export function createReports(dependencies: ReportsDependencies): Reports {
  const { env, log, withinMs = 600_000 } = dependencies;
  const statuses = new Map<string, ReportStatus>();
  /** Of each report. Made with the first one: most gateways make none. */
  const dirs = new Map<string, string>();
  let folder: Promise<string> | undefined;
  let running:
    | { readonly rolloutId: string; child?: ChildProcess; over?: Promise<void> }
    | undefined;
  let isClosed = false;

  async function make(rolloutId: string): Promise<ReportStatus> {
    folder ??= mkdtemp(join(tmpdir(), "tripmesh-reports-"));
    const dir = join(await folder, rolloutId);
    await mkdir(dir, { recursive: true });
    dirs.set(rolloutId, dir);
    if (isClosed) return { state: "none" };
    const child = fork(join(import.meta.dirname, "report-process.ts"), [rolloutId, dir], {
      env: { ...process.env, ...env },
      execArgv: [`--max-old-space-size=${HEAP_MB}`, "--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    if (running) running.child = child;
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    return result(rolloutId, child);
  }

  function result(rolloutId: string, child: ChildProcess): Promise<ReportStatus> {
    return new Promise((resolve) => {
      let end: ReportStatus = { state: "failed", why: "its process ended without a word" };
      const late = setTimeout(() => {
        end = { state: "failed", why: `it took longer than ${withinMs / 1000} s` };
        child.kill("SIGKILL");
      }, withinMs);
      child.on("message", (message: ReportMessage) => {
        if (message.kind === "done") end = { state: "done", madeAt: Date.now() };
        else if (message.kind === "failed") end = { state: "failed", why: message.why };
        else {
          const { done, total } = message;
          statuses.set(rolloutId, { state: "running", done, total });
        }
      });
      const settle = (status: ReportStatus) => {
        clearTimeout(late);
        resolve(status);
      };
      child.once("error", (cause) => settle({ state: "failed", why: cause.message }));
      child.once("exit", () => settle(end));
    });
  }

  async function finish(rolloutId: string, status: ReportStatus): Promise<void> {
    running = undefined;
    statuses.delete(rolloutId);
    statuses.set(rolloutId, status); // the newest last
    if (status.state === "failed") log.warn({ rollout: rolloutId, why: status.why }, "no report");
    const [oldest] = statuses.keys();
    if (statuses.size <= KEPT || oldest === undefined) return;
    statuses.delete(oldest);
    const dir = dirs.get(oldest);
    dirs.delete(oldest);
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  }

  return {
    start(rolloutId) {
      if (running?.rolloutId === rolloutId) return;
      if (running) {
        throw new MeshError(
          "RESOURCE_EXHAUSTED",
          `the report of ${running.rolloutId} is being made: one at a time`,
        );
      }
      running = { rolloutId };
      statuses.set(rolloutId, { state: "running", done: 0, total: 0 });
      running.over = make(rolloutId)
        .catch((cause: unknown): ReportStatus => ({ state: "failed", why: String(cause) }))
        .then((status) => finish(rolloutId, status))
        .catch((cause: unknown) => log.warn({ err: cause }, "an old report could not be removed"));
    },
    status: (rolloutId) => statuses.get(rolloutId) ?? { state: "none" },
    file(rolloutId, format) {
      const dir = dirs.get(rolloutId);
      if (dir === undefined || statuses.get(rolloutId)?.state !== "done") return undefined;
      return join(dir, `report.${format}`);
    },
    async close() {
      isClosed = true;
      running?.child?.kill("SIGKILL");
      await running?.over; // it writes into the folder until then
      if (folder) await rm(await folder, { recursive: true, force: true });
    },
  };
}
