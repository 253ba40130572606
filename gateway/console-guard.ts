import { isIP } from "node:net";
import type { Exchange, Route } from "./http-server.ts";
import { sendError } from "./http-server.ts";

/**
 * Answers for itself what does not come from the operator: to be asked before any route of the console, which
 * has no passwords and takes commands.
 *
 * A page elsewhere that points its own name at this machine (DNS rebinding) is told by its Host: only addresses,
 * `localhost` and the names in `hosts` are served. A page elsewhere that posts here (cross-site request) is told
 * by what its browser adds and no page can change, Sec-Fetch-Site and Origin; programs send neither.
 */
export function guardConsole({ hosts }: { readonly hosts: readonly string[] }): Route {
  return ({ request, response }) => {
    const refuse = (message: string) => {
      sendError(response, "PERMISSION_DENIED", message);
      return true;
    };
    const host = nameOf(request.headers.host);
    if (host === undefined || !(isIP(host) || host === "localhost" || hosts.includes(host))) {
      return refuse("the console is not served by this name: see MESH_CONSOLE_HOSTS");
    }
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (isRead || isOwn(request)) return false;
    return refuse("commands are only taken from the console's own page");
  };
}

function isOwn({ headers }: Exchange["request"]): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  const { origin } = headers;
  return origin === undefined || URL.parse(origin)?.host === headers.host?.toLowerCase();
}

/** The name or address in a Host header, without its port and brackets, in lower case. */
function nameOf(host: string | undefined): string | undefined {
  const url = URL.parse(`http://${host ?? ""}`);
  if (!url || host === undefined || url.host !== host.toLowerCase()) return undefined;
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}
