import { MeshError } from "#kit/rpc/errors.ts";
import type { Exchange, Route } from "../http-server.ts";
import type { BatchQuestion, BatchReader } from "./reader.ts";

const REPORT = /^\/api\/batch\/jobs\/([^/]+)\/report$/;
const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const RUN = /^[0-9a-f]{4,64}$/;

/**
 * `GET /api/batch/jobs`: what is configured. `/api/batch/runs`: their runs, newest first. `/api/batch/jobs/{name}/report`:
 * the numbers of the report of the latest window's published run, or of `?run=`, its id or the beginning of it.
 */
export function batchRoute(reader: Pick<BatchReader, "ask">): Route {
  return async ({ response, url }) => {
    const question = questionOf(url);
    if (!question) return false;
    sendText(response, await reader.ask(question));
    return true;
  };
}

function questionOf({ pathname, searchParams }: URL): BatchQuestion | undefined {
  if (pathname === "/api/batch/jobs") return { about: "jobs" };
  if (pathname === "/api/batch/runs") return { about: "runs" };
  const [, job] = REPORT.exec(pathname) ?? [];
  if (job === undefined) return undefined;
  if (!NAME.test(job)) {
    throw new MeshError("INVALID_ARGUMENT", "a job's name is lower-case words with dashes");
  }
  const runId = searchParams.get("run") ?? undefined;
  if (runId !== undefined && !RUN.test(runId)) {
    throw new MeshError("INVALID_ARGUMENT", "run is an id, or four or more of its first digits");
  }
  return { about: "report", job, runId };
}

function sendText(response: Exchange["response"], json: string): void {
  response.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(json);
}
