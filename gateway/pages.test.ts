import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent } from "./gateway-under-test.ts";
import { type HttpServer, listen } from "./http-server.ts";
import { servePage } from "./pages.ts";

let dir: string;
let server: HttpServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-pages-"));
  await mkdir(join(dir, "page/assets"), { recursive: true });
  await writeFile(join(dir, "secret.txt"), "secret");
  await writeFile(join(dir, "page/index.html"), '<!doctype html><html lang="en"></html>');
  await writeFile(join(dir, "page/assets/a-1234.js"), "export {};");
  const page = servePage({ dir: join(dir, "page"), facts: { trips: "recorded" } });
  server = await listen([page], { listen: "127.0.0.1:0", log: silent });
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

/** Sends the path as it is; fetch would tidy it. */
function ask(path: string, method = "GET") {
  const [host, port] = server.address.split(":");
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      get({ host, port, path, method, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      }).on("error", reject);
    },
  );
}

test("serves the page with its facts, never from a cache", async () => {
  const { status, headers, body } = await ask("/?x=1");
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
  });
  expect(body).toContain('<html data-trips="recorded" lang="en">');
});

test("serves hashed files for ever, with their type", async () => {
  const { headers } = await ask("/assets/a-1234.js");
  expect(headers).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=31536000, immutable",
  });
});

test.each([
  "/../secret.txt",
  "/..%2fsecret.txt",
  "/assets/..%2f..%2f..%2fsecret.txt",
  "/%2e%2e/secret.txt",
  "//etc/passwd",
  "/assets",
  "/index.html",
  "/a%00.js",
  "/%",
  "/nothing",
])("finds nothing at %s", async (path) => {
  const { status, body } = await ask(path);
  expect(status).toBe(404);
  expect(body).not.toContain("secret.txt is");
  expect(body).not.toContain("root:");
});

test("only reads", async () => {
  expect((await ask("/", "POST")).status).toBe(405);
});
