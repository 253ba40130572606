import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";
import type { Exchange, Route } from "./http-server.ts";
import { sendError } from "./http-server.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
};

export interface PageOptions {
  /** The built page: `index.html` and what it needs. */
  readonly dir: string;
  /** Told to the page as `data-*` attributes of its `<html>`, so that it need not ask. */
  readonly facts: Readonly<Record<string, string>>;
}

/** One built page: `index.html` at `/`, and its files. Anything outside its folder does not exist. */
export function servePage({ dir, facts }: PageOptions): Route {
  const root = resolve(dir);
  return async (exchange) => {
    const { pathname } = exchange.url;
    if (pathname === "/") return sendIndex(exchange, join(root, "index.html"), facts);
    const file = toFile(root, pathname);
    if (!file || extname(file) === ".html") return false;
    // Vite's names carry a hash of the content, so what is under assets never changes.
    const cache = pathname.startsWith("/assets/")
      ? "public, max-age=31536000, immutable"
      : "no-cache";
    return sendFile(exchange, file, cache);
  };
}

/** One file at one path. */
export function serveFile(path: string, file: string): Route {
  return async (exchange) =>
    exchange.url.pathname === path && sendFile(exchange, file, "public, max-age=3600");
}

function toFile(root: string, pathname: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return undefined; // a broken escape names no file
  }
  const file = resolve(join(root, path));
  return path.includes("\0") || !file.startsWith(root + sep) ? undefined : file;
}

/** Sends a file with its type; false when there is none. */
export async function sendFile(
  { request, response }: Exchange,
  file: string,
  cache: string,
): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return false;
  response.writeHead(200, {
    "content-type": types[extname(file)] ?? "application/octet-stream",
    "content-length": found.size,
    "cache-control": cache,
    "x-content-type-options": "nosniff",
  });
  if (request.method === "HEAD") response.end();
  else
    createReadStream(file)
      .on("error", () => response.destroy())
      .pipe(response);
  return true;
}

async function sendIndex({ response }: Exchange, file: string, facts: PageOptions["facts"]) {
  const html = await readFile(file, "utf8").catch(() => undefined);
  if (html === undefined) {
    sendError(response, "UNAVAILABLE", "the pages are not built: npm start builds them");
    return true;
  }
  const attributes = Object.entries(facts).map(([name, value]) => ` data-${name}="${value}"`);
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache", // names the hashed assets, so it must be fresh
    "x-content-type-options": "nosniff",
    "content-security-policy":
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  });
  response.end(html.replace("<html", `<html${attributes.join("")}`));
  return true;
}
