import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Code, MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** Answers the request, or says false so that the next route may. */
export type Route = (exchange: Exchange) => boolean | Promise<boolean>;

export interface HttpServer {
  /** `host:port` as bound. */
  readonly address: string;
  /** Stops listening, lets answers finish, and closes what is still open after a moment. */
  close(): Promise<void>;
}

const GRACE_MS = 2000;
/**
 * Connections that may wait to be accepted. When an edge comes back, all its readers do at once; with Node's
 * 511 the rest would be dropped, and tried again only after a second.
 */
const BACKLOG = 4096;

export interface ListenOptions {
  /** `host:port`; port 0 lets the kernel choose. */
  readonly listen: string;
  /** Asked before any route; answers what is to be refused. */
  readonly guard?: Route;
  /** What is answered to POST. Default: nothing, so that nothing here changes anything. */
  readonly commands?: readonly Route[];
  readonly log: Logger;
}

/**
 * Serves routes to GET and HEAD and commands to POST, the first that answers wins. A route that fails with a
 * `MeshError` is answered with it, with anything else INTERNAL.
 */
export function listen(routes: readonly Route[], options: ListenOptions): Promise<HttpServer> {
  const { log, guard = () => false, commands = [] } = options;
  const server = createServer((request, response) => {
    answer({ guard, routes, commands }, request, response).catch((cause: unknown) => {
      const { code, message } = MeshError.from(cause);
      if (code === "INTERNAL") log.error({ err: cause, path: request.url }, "a request failed");
      if (response.headersSent) response.destroy();
      else sendError(response, code, message);
    });
  });
  const [host = "", port = "0"] = options.listen.split(":");
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(port), host, BACKLOG, () => {
      const bound = server.address();
      const boundPort = typeof bound === "object" && bound ? bound.port : port;
      resolve({
        address: `${host}:${boundPort}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeIdleConnections();
            // A kept-alive connection may have asked for a stream meanwhile, which would never end.
            setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
          }),
      });
    });
  });
}

interface Answers {
  readonly guard: Route;
  readonly routes: readonly Route[];
  readonly commands: readonly Route[];
}

async function answer(
  { guard, routes, commands }: Answers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = parseUrl(request.url);
  if (!url) return sendError(response, "INVALID_ARGUMENT", "the path cannot be read");
  const exchange = { request, response, url };
  if (await guard(exchange)) return;
  const able = { GET: routes, HEAD: routes, POST: commands }[request.method ?? ""] ?? [];
  if (able.length === 0) {
    const methods = commands.length > 0 ? "GET, HEAD, POST" : "GET, HEAD";
    response.setHeader("allow", methods);
    return sendError(response, "UNIMPLEMENTED", `only ${methods} are answered here`, 405);
  }
  for (const route of able) if (await route(exchange)) return;
  sendError(response, "NOT_FOUND", `there is nothing at ${url.pathname}`);
}

function parseUrl(target = "/"): URL | undefined {
  // A target such as //host would otherwise be read as another origin.
  return URL.parse(`http://gateway${target.startsWith("/") ? target : "/"}`) ?? undefined;
}

const httpStatus: Partial<Record<Code, readonly [code: number, http: number]>> = {
  INVALID_ARGUMENT: [3, 400],
  DEADLINE_EXCEEDED: [4, 504],
  NOT_FOUND: [5, 404],
  ALREADY_EXISTS: [6, 409],
  PERMISSION_DENIED: [7, 403],
  RESOURCE_EXHAUSTED: [8, 429],
  FAILED_PRECONDITION: [9, 400],
  ABORTED: [10, 409],
  UNIMPLEMENTED: [12, 501],
  INTERNAL: [13, 500],
  UNAVAILABLE: [14, 503],
  UNAUTHENTICATED: [16, 401],
};

/** An error as Envoy's transcoder writes it: `google.rpc.Status` in JSON. */
export function sendError(
  response: ServerResponse,
  code: Code,
  message: string,
  http?: number,
): void {
  const [number, status] = httpStatus[code] ?? [2, 500];
  sendJson(response, { code: number, message, details: [] }, http ?? status);
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(JSON.stringify(value));
}
