import { useEffect } from "preact/hooks";
import { BatchPage } from "./batch/batch-page.tsx";
import { ConsoleHeader } from "./console-header.tsx";
import { type ConsoleState, useConsole } from "./console-stream.ts";
import { LivePage } from "./live-page.tsx";
import { ReleasesPage } from "./releases/releases-page.tsx";
import { TripsPage } from "./trips/trips-page.tsx";
import { type Route, useRoute } from "./use-route.ts";

const titles = {
  live: "tripmesh: live",
  trips: "tripmesh: trips",
  releases: "tripmesh: releases",
  batch: "tripmesh: batch",
} as const;

/** The operator's view of the mesh: one header, and the page that the address names. */
export function ConsolePage() {
  const state = useConsole();
  const route = useRoute();
  useEffect(() => {
    document.title = titles[route.page];
  }, [route.page]);
  return (
    <>
      <ConsoleHeader state={state} route={route} />
      <main class={state.connection === "reconnecting" ? "stale" : ""}>
        <Page state={state} route={route} />
      </main>
    </>
  );
}

function Page({ state, route }: { readonly state: ConsoleState; readonly route: Route }) {
  switch (route.page) {
    case "releases":
      return <ReleasesPage state={state} rolloutId={route.rolloutId} />;
    case "trips":
      return <TripsPage tripId={route.tripId} traceId={route.traceId} />;
    case "batch":
      return <BatchPage job={route.job} runId={route.runId} />;
    case "live":
      return <LivePage snapshot={state.snapshot} points={state.points} />;
    default:
      return route satisfies never;
  }
}
