import { useEffect, useState } from "preact/hooks";

/** Which page is shown, and of what. */
export type Route =
  | { readonly page: "live" }
  | {
      readonly page: "trips";
      readonly tripId: string | undefined;
      readonly traceId: string | undefined;
    }
  | { readonly page: "releases"; readonly rolloutId: string | undefined }
  | {
      readonly page: "batch";
      readonly job: string | undefined;
      readonly runId: string | undefined;
    };

/** Where the links go; the gateway serves one document, so the page is named after the `#`. */
export const links = {
  live: "#/live",
  trips: "#/trips",
  /** One ride; with a trace of it, that one is open. */
  trip: (id: string, traceId?: string) =>
    `#/trips/${encodeURIComponent(id)}${traceId === undefined ? "" : `/${traceId}`}`,
  /** A trace that belongs to no single ride. */
  trace: (traceId: string) => `#/traces/${traceId}`,
  releases: "#/releases",
  batch: "#/batch",
  batchJob: (job: string, runId?: string) =>
    `#/batch/${encodeURIComponent(job)}${runId === undefined ? "" : `/${encodeURIComponent(runId)}`}`,
  rollout: (id: string) => `#/releases/${encodeURIComponent(id)}`,
} as const;

/** The page that the address names; anything unknown is the first. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    changed(); // it may have changed since it was read
    return () => removeEventListener("hashchange", changed);
  }, []);
  const [, page, id, part] = hash.split("/");
  if (page === "trips") {
    return { page, tripId: id ? decode(id) : undefined, traceId: part || undefined };
  }
  if (page === "traces") return { page: "trips", tripId: undefined, traceId: id || undefined };
  if (page === "batch") {
    return { page, job: id ? decode(id) : undefined, runId: part ? decode(part) : undefined };
  }
  if (page !== "releases") return { page: "live" };
  return { page, rolloutId: id ? decode(id) : undefined };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a broken escape names no rollout, and the page says so
  }
}
