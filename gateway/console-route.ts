import type { ServerResponse } from "node:http";
import { type Route, sendError } from "./http-server.ts";
import type { Observatory } from "./observatory.ts";
import { streamHeaders } from "./reader.ts";
import type { Releases } from "./releases/releases.ts";

const MAX_CONSOLES = 64;
const DRAIN_WITHIN_MS = 10_000;

export interface ConsoleRoute {
  readonly route: Route;
  close(): void;
}

/**
 * `GET /api/stream` on the console's port: `history` with the last minutes' numbers and `curves` of the open
 * rollouts once, then a `snapshot` every second, and `releases` when something about them has changed. A console
 * that reads slowly misses snapshots, not their order; it gets the last `releases` when it has caught up.
 */
export function createConsoleRoute(dependencies: {
  readonly observatory: Observatory;
  readonly releases: Releases;
}): ConsoleRoute {
  const { observatory, releases } = dependencies;
  const open = new Set<ServerResponse>();
  const route: Route = ({ request, response, url }) => {
    if (url.pathname !== "/api/stream" || request.method !== "GET") return false;
    if (open.size >= MAX_CONSOLES) {
      sendError(response, "UNAVAILABLE", "too many open consoles");
      return true;
    }
    open.add(response);
    response.writeHead(200, streamHeaders);
    response.write("retry: 1000\n\n");
    const write = (event: string, value: unknown) =>
      response.write(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
    write("history", observatory.history());
    write("curves", releases.curves());
    let patience: NodeJS.Timeout | undefined;
    let hasMissed = false;
    const send = (event: "snapshot" | "releases", value: unknown) => {
      if (!response.writableNeedDrain) return void write(event, value);
      patience ??= setTimeout(() => response.destroy(), DRAIN_WITHIN_MS);
      hasMissed ||= event === "releases";
    };
    const sendReleases = () => {
      const known = releases.latest();
      if (known) send("releases", known);
    };
    const unwatch = [
      observatory.watch((snapshot) => send("snapshot", snapshot)),
      releases.watch(sendReleases),
    ];
    response.on("drain", () => {
      clearTimeout(patience);
      patience = undefined;
      if (hasMissed) sendReleases();
      hasMissed = false;
    });
    response.on("close", () => {
      clearTimeout(patience);
      for (const stop of unwatch) stop();
      open.delete(response);
    });
    const latest = observatory.latest();
    if (latest) send("snapshot", latest);
    sendReleases();
    return true;
  };
  return {
    route,
    close() {
      for (const response of open) response.destroy();
    },
  };
}
