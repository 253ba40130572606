import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { resolveTrips } from "./resolve.ts";

const NAME = "green_tripdata_2021-02.parquet";
const FILE = Buffer.from(`PAR1${"x".repeat(200_000)}PAR1`);

let folder: string;
let cacheDir: string;
let recordedDir: string;
let lines: string[];
let site: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trips-"));
  cacheDir = join(folder, "cache");
  recordedDir = join(folder, "recorded");
  lines = [];
});

afterEach(async () => {
  site?.closeAllConnections();
  await new Promise<void>((resolve) => (site ? site.close(() => resolve()) : resolve()));
  site = undefined;
  rmSync(folder, { recursive: true });
});

/** Resolves with a site that answers as told; without an answer there is none. */
async function resolve(option: string | undefined, answer?: (response: ServerResponse) => void) {
  const server = createServer((_, response) => answer?.(response));
  site = server;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const report = (line: string) => lines.push(line);
  return resolveTrips(option, {
    cacheDir,
    recordedDir,
    report,
    stallMs: 300,
    fetch: (url, init) => fetch(`${origin}${new URL(String(url)).pathname}`, init),
  });
}

const noSite = () => {
  throw new Error("the site was asked");
};

describe("trips are taken from", () => {
  test("the path that was given, however much else there is", async () => {
    mkdirSync(recordedDir);
    writeFileSync(join(recordedDir, "green_tripdata_2021-01.parquet"), "");
    writeFileSync(join(folder, NAME), "");
    const files = [join(folder, NAME)];
    expect(await resolve(join(folder, NAME), noSite)).toEqual({ kind: "recorded", files });
  });

  test("the generator when demo was asked for", async () => {
    expect(await resolve("demo", noSite)).toMatchObject({ kind: "synthetic" });
    expect(lines).toEqual([]);
  });

  test("the recorded folder, oldest month first", async () => {
    mkdirSync(recordedDir);
    const names = ["green_tripdata_2022-01.parquet", NAME, "notes.txt"];
    for (const name of names) writeFileSync(join(recordedDir, name), "");
    const files = [join(recordedDir, NAME), join(recordedDir, "green_tripdata_2022-01.parquet")];
    expect(await resolve(undefined, noSite)).toEqual({ kind: "recorded", files });
  });

  test("the official file, downloaded once, with progress", async () => {
    const send = (response: ServerResponse) =>
      response.writeHead(200, { "content-length": FILE.length }).end(FILE);
    const files = [join(cacheDir, NAME)];
    expect(await resolve(undefined, send)).toEqual({ kind: "recorded", files });
    expect(readFileSync(join(cacheDir, NAME)).equals(FILE)).toBe(true);
    expect(lines.at(-1)).toBe(`downloading ${NAME}: 100 % of 0.2 MB`);
    site?.close();
    expect(await resolve(undefined, noSite)).toEqual({ kind: "recorded", files });
  });
});

describe("a path without trips", () => {
  test("is one sentence, not something else in its place", async () => {
    await expect(resolve(join(folder, "nowhere"))).rejects.toThrow(
      /^There are no trips at .*nowhere\.$/,
    );
  });
});

describe("when the site fails, trips are synthetic, loudly, and nothing is left behind:", () => {
  test.each<[string, (response: ServerResponse) => void, string]>([
    ["an error", (r) => r.writeHead(403).end(), "the site answered 403"],
    ["a page", (r) => r.end("<html>not what you want</html>"), "not a parquet file"],
    ["silence", () => {}, "the site went silent"],
    ["half a file", (r) => halfOf(r), "."],
  ])("%s", async (_, answer, reason) => {
    const resolved = await resolve(undefined, answer);
    if (resolved.kind !== "synthetic") throw new Error("not synthetic");
    expect(resolved.because).toContain(`${NAME} could not be downloaded from`);
    expect(resolved.because).toContain(reason);
    expect(lines.at(-1)).toContain("THE TRIPS ARE SYNTHETIC");
    expect(existsSync(cacheDir) ? readdirSync(cacheDir) : []).toEqual([]);
  });
});

function halfOf(response: ServerResponse) {
  response.writeHead(200, { "content-length": FILE.length });
  response.write(FILE.subarray(0, FILE.length / 2), () => response.destroy());
}
