import type { ServerResponse } from "node:http";
import { type Route, sendError } from "./http-server.ts";
import type { Observatory } from "./observatory.ts";
import { streamHeaders } from "./reader.ts";
import type { Snapshot } from "./snapshot.ts";

const MAX_CONSOLES = 64;
const DRAIN_WITHIN_MS = 10_000;

export interface ConsoleRoute {
  readonly route: Route;
  close(): void;
}

/**
 * `GET /api/stream` on the console's port: `history` with the last minutes' numbers once, then a `snapshot`
 * every second. A console that reads slowly misses snapshots, not their order.
 */
export function createConsoleRoute(observatory: Observatory): ConsoleRoute {
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
    response.write(`event: history\ndata: ${JSON.stringify(observatory.history())}\n\n`);
    let patience: NodeJS.Timeout | undefined;
    const send = (snapshot: Snapshot) => {
      if (response.writableNeedDrain) {
        patience ??= setTimeout(() => response.destroy(), DRAIN_WITHIN_MS);
        return;
      }
      response.write(`event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`);
    };
    const unwatch = observatory.watch(send);
    response.on("drain", () => {
      clearTimeout(patience);
      patience = undefined;
    });
    response.on("close", () => {
      clearTimeout(patience);
      unwatch();
      open.delete(response);
    });
    const latest = observatory.latest();
    if (latest) send(latest);
    return true;
  };
  return {
    route,
    close() {
      for (const response of open) response.destroy();
    },
  };
}
