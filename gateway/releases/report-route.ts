import { MeshError } from "#kit/rpc/errors.ts";
import { type Exchange, type Route, sendError, sendJson } from "../http-server.ts";
import { sendFile } from "../pages.ts";
import { type Reports, reportFormats } from "./reports.ts";

/** A rollout's id is a token of a subject; it also names a folder here. */
const ID = "([A-Za-z0-9_-]{1,100})";
const status = new RegExp(`^/api/rollouts/${ID}/report$`);
const file = new RegExp(`^/api/rollouts/${ID}/report\\.(\\w+)$`);

/**
 * `POST /api/rollouts/{id}/report` begins a report, `GET` says how far it is, `GET …/report.html`, `.csv` and
 * `.json` are what came of it. Files are there until the gateway ends, or three others were made.
 */
export function reportRoutes(reports: Reports): { readonly command: Route; readonly route: Route } {
  return {
    command({ request, response, url }) {
      const [, rolloutId] = status.exec(url.pathname) ?? [];
      if (rolloutId === undefined) return false;
      if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
        throw new MeshError("INVALID_ARGUMENT", "content-type must be application/json");
      }
      reports.start(rolloutId);
      sendJson(response, reports.status(rolloutId), 202);
      return true;
    },
    async route(exchange) {
      const [, rolloutId] = status.exec(exchange.url.pathname) ?? [];
      if (rolloutId !== undefined) {
        sendJson(exchange.response, reports.status(rolloutId));
        return true;
      }
      return sendReport(exchange, reports);
    },
  };
}

async function sendReport(exchange: Exchange, reports: Reports): Promise<boolean> {
  const { response, url } = exchange;
  const [, rolloutId = "", name] = file.exec(url.pathname) ?? [];
  const format = reportFormats.find((known) => known === name);
  if (format === undefined) return false;
  const path = reports.file(rolloutId, format);
  if (path === undefined) {
    sendError(response, "NOT_FOUND", `there is no report of ${rolloutId}: it has to be made first`);
    return true;
  }
  // The page shows it in a frame of its own; the others are to be saved.
  if (format === "html") {
    response.setHeader(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    );
  } else {
    response.setHeader("content-disposition", `attachment; filename="${rolloutId}.${format}"`);
  }
  return sendFile(exchange, path, "no-store");
}
