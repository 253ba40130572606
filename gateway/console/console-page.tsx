import { useEffect } from "preact/hooks";
import { BatchPage } from "./batch/batch-page.tsx";
import { ConsoleHeader } from "./console-header.tsx";
import { useConsole } from "./console-stream.ts";
import { LivePage } from "./live-page.tsx";
import { ReleasesPage } from "./releases/releases-page.tsx";
import { useRoute } from "./use-route.ts";

const titles = {
  live: "tripmesh: live",
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
        {route.page === "releases" ? (
          <ReleasesPage state={state} rolloutId={route.rolloutId} />
        ) : route.page === "batch" ? (
          <BatchPage job={route.job} runId={route.runId} />
        ) : (
          <LivePage snapshot={state.snapshot} points={state.points} />
        )}
      </main>
    </>
  );
}
