import { readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parse } from "yaml";
import { MeshError } from "#kit/rpc/errors.ts";
import { type Job, jobSchema } from "./spec.ts";

/** Where the text of a job is completed from. */
export interface JobSurroundings {
  /** Variables for `${NAME}` and `${NAME:-default}` in URLs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths in URLs start. */
  readonly cwd: string;
}

/** Reads the job file at `path`. Fails with INVALID_ARGUMENT that lists every field at fault. */
export async function loadJob(path: string, surroundings: JobSurroundings): Promise<Job> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MeshError("NOT_FOUND", `${path} cannot be read: there is no such job`, { cause });
  });
  return parseJob(text, path, surroundings);
}

export function parseJob(text: string, path: string, surroundings: JobSurroundings): Job {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new MeshError("INVALID_ARGUMENT", `${path} is not YAML: ${reason}`, { cause });
  }
  const read = jobSchema.safeParse(raw);
  if (!read.success) {
    throw new MeshError("INVALID_ARGUMENT", `${path} is no job`, {
      violations: read.error.issues.map(({ path: at, message }) => ({
        field: at.join(".") || basename(path),
        description: message,
      })),
    });
  }
  const job = read.data;
  const url = (side: "source" | "destination") => place(job[side].url, side, surroundings);
  const placed = {
    ...job,
    source: { ...job.source, url: url("source") },
    destination: { ...job.destination, url: url("destination") },
  };
  refuseSamePlace(placed);
  return placed;
}

/** The jobs of a folder, by name. */
export async function loadJobs(dir: string, surroundings: JobSurroundings): Promise<Job[]> {
  const files = await readdir(dir).catch((cause: unknown) => {
    throw new MeshError("NOT_FOUND", `${dir} cannot be read: there are no jobs`, { cause });
  });
  const paths = files.filter((file) => file.endsWith(".yaml")).toSorted();
  return Promise.all(paths.map((file) => loadJob(join(dir, file), surroundings)));
}

function place(url: string, side: "source" | "destination", { env, cwd }: JobSurroundings): string {
  const refuse = (description: string): never => {
    throw new MeshError("INVALID_ARGUMENT", description, {
      violations: [{ field: `${side}.url`, description }],
    });
  };
  const filled = url.replaceAll(
    /\$\{(\w+)(?::-([^}]*))?\}/g,
    (_, name: string, other?: string) =>
      env[name] || (other ?? refuse(`needs the variable ${name}, for ${url}`)),
  );
  if (/^postgres(ql)?:\/\/./.test(filled)) return filled;
  const path = /^(parquet|sqlite):(.+)$/.exec(filled);
  if (!path) return refuse("must be parquet:PATH, sqlite:PATH or postgres://…");
  return `${path[1]}:${resolve(cwd, path[2] ?? "")}`;
}

/** A job that writes where it reads could feed on its own results. */
function refuseSamePlace({ name, source, destination }: Job): void {
  const inside = destination.url.startsWith("parquet:") && source.url.startsWith(destination.url);
  if (source.url !== destination.url && !inside) return;
  throw new MeshError(
    "INVALID_ARGUMENT",
    `${name} writes where it reads, ${destination.url.replace(/:\/\/[^@]*@/, "://…@")}: give it another destination`,
  );
}
