import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { MeshError } from "#kit/rpc/errors.ts";
import { monthFileName } from "./month-file.ts";

const SITE = "https://d37ci6vzurychx.cloudfront.net/trip-data";
/** The first month after those that the shipped models were trained on. */
const DEFAULT_MONTH = "2021-02";
const STALL_MS = 15_000;
/** First and last four bytes of every parquet file. */
const MAGIC = "PAR1";

export interface DownloadOptions {
  /** Folder for downloaded months; made when needed. */
  readonly cacheDir: string;
  /** Told about progress, one line at a time. */
  readonly report: (line: string) => void;
  /** Month to download, `YYYY-MM`. Default 2021-02: nothing is judged on what it was trained on. */
  readonly month?: string;
  /** Default `globalThis.fetch`. */
  readonly fetch?: typeof fetch;
  /** Longest silence of the site, milliseconds. Default 15 000. */
  readonly stallMs?: number;
}

/**
 * Path of the month's official file in the cache folder, downloaded unless it is there.
 *
 * Throws a `MeshError` with one sentence; never leaves half a file.
 */
export async function downloadMonth(options: DownloadOptions): Promise<string> {
  const name = monthFileName(options.month ?? DEFAULT_MONTH);
  const path = join(options.cacheDir, name);
  if (existsSync(path)) return path;
  const partial = `${path}.${process.pid}.part`;
  try {
    mkdirSync(options.cacheDir, { recursive: true });
    await fetchTo(partial, `${SITE}/${name}`, options);
    renameSync(partial, path);
    return path;
  } catch (cause) {
    rmSync(partial, { force: true });
    const message = `${name} could not be downloaded from ${new URL(SITE).host}: ${explain(cause)}.`;
    throw new MeshError("UNAVAILABLE", message, { cause });
  }
}

async function fetchTo(partial: string, url: string, options: DownloadOptions): Promise<void> {
  const stalled = new AbortController();
  const stallMs = options.stallMs ?? STALL_MS;
  const patience = setTimeout(() => stalled.abort(new Error("the site went silent")), stallMs);
  const { signal } = stalled;
  try {
    const response = await (options.fetch ?? fetch)(url, { signal });
    if (!response.ok) throw new Error(`the site answered ${response.status}`);
    if (!response.body) throw new Error("the site sent nothing");
    const watch = watchBytes({
      name: basename(url),
      totalBytes: Number(response.headers.get("content-length") ?? 0),
      report: options.report,
      onBytes: () => patience.refresh(),
    });
    const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>); // one type, declared twice
    await pipeline(body, watch, createWriteStream(partial), { signal });
  } catch (cause) {
    throw signal.aborted ? signal.reason : cause;
  } finally {
    clearTimeout(patience);
  }
}

/** Passes bytes through, reports every tenth, and fails unless they are a whole parquet file. */
function watchBytes(options: {
  readonly name: string;
  /** 0: the site did not say. */
  readonly totalBytes: number;
  readonly report: (line: string) => void;
  readonly onBytes: () => void;
}): Transform {
  const { name, totalBytes, report } = options;
  let seenBytes = 0;
  let tenths = -1;
  let head = "";
  let tail = "";
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      options.onBytes();
      seenBytes += chunk.length;
      head = (head + chunk.subarray(0, 4).toString("latin1")).slice(0, 4);
      tail = (tail + chunk.subarray(-4).toString("latin1")).slice(-4);
      const now = totalBytes > 0 ? Math.floor((seenBytes / totalBytes) * 10) : -1;
      if (now > tenths) {
        tenths = now;
        report(`downloading ${name}: ${now * 10} % of ${(totalBytes / 1e6).toFixed(1)} MB`);
      }
      done(null, chunk);
    },
    flush(done) {
      if (seenBytes < totalBytes) {
        done(new Error(`it ended after ${seenBytes} of ${totalBytes} bytes`));
      } else if (head !== MAGIC || tail !== MAGIC) {
        done(new Error("what the site sent is not a parquet file"));
      } else {
        done();
      }
    },
  });
}

/** The innermost reason: fetch wraps what happened in "fetch failed". */
function explain(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.cause instanceof Error) return explain(cause.cause);
  return cause.message || cause.name;
}
