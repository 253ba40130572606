import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { finished } from "node:stream/promises";
import { Problem } from "../../problem.ts";

const formats = ["html", "csv", "json"] as const;
export type Format = (typeof formats)[number];

/** The format that a file name asks for. */
export function formatOf(path: string): Format {
  const ending = extname(path).slice(1).toLowerCase();
  const format = formats.find((known) => known === ending);
  if (format) return format;
  throw new Problem(`${path} must end in .html, .csv or .json.`, { exitCode: 2 });
}

/** A file that is there when it is whole: until then its name ends in `.part`. */
export interface GrowingFile {
  /** Waits where the disk is slower than the reading. */
  write(line: string): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

export async function openGrowingFile(path: string): Promise<GrowingFile> {
  const part = `${path}.part`;
  const stream = createWriteStream(part);
  const done = finished(stream);
  done.catch(() => undefined); // told to whoever writes or commits
  await once(stream, "open").catch((cause: unknown) => {
    throw new Problem(`${path} cannot be written.`, { cause });
  });
  return {
    async write(line) {
      if (!stream.write(`${line}\n`)) await Promise.race([once(stream, "drain"), done]);
    },
    async commit() {
      stream.end();
      await done;
      await rename(part, path);
    },
    async discard() {
      stream.destroy();
      await rm(part, { force: true });
    },
  };
}

export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}
