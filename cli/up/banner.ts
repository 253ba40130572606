import type { Style } from "../output/style.ts";
import { renderPairs } from "../output/table.ts";
import type { MeshFile } from "./mesh-file.ts";
import type { ReplayTrips } from "./replay.ts";

export interface BannerFacts {
  readonly mesh: MeshFile;
  /** Where the trips of the replay come from; undefined without one. */
  readonly trips: Pick<ReplayTrips, "description" | "kind"> | undefined;
  readonly logDir: string;
  /** File that tells Prometheus where the processes are; undefined: they serve no metrics. */
  readonly targets?: string | undefined;
}

/** What a person needs to know of a mesh that runs; the commands work as they stand. */
export function renderBanner(
  { mesh, trips, logDir, targets }: BannerFacts,
  style: Style,
): string[] {
  const { edge, console: operators } = mesh;
  const source = trips
    ? describeTrips(trips, style)
    : "none (--no-replay): the mesh waits for yours";
  return [
    "",
    style.bold("tripmesh"),
    ...renderPairs([
      ["  rider's page", `http://${edge}/`],
      ["  console", `http://${operators}/`],
      ["  trips", source],
      ["  logs", logDir],
      ...(targets === undefined ? [] : [["  metrics", targets] as const]),
    ]),
    "",
    "  Ask for a price, over HTTP or gRPC:",
    "",
    `  curl -sX POST http://${edge}/v1/quotes -H 'content-type: application/json' -H 'x-rider-id: me' -d '{"pickupZone":74,"dropoffZone":236}'`,
    "",
    `  grpcurl -plaintext -H 'x-rider-id: me' -d '{"ride":{"pickupZone":74,"dropoffZone":236}}' ${edge} tripmesh.backend.v1.BackendService/Quote`,
    "",
    "  Ctrl-C stops it.",
    "",
  ];
}

function describeTrips(trips: NonNullable<BannerFacts["trips"]>, style: Style): string {
  return trips.kind === "synthetic"
    ? style.warn(`SYNTHETIC, NOT REAL RIDES: ${trips.description}`)
    : trips.description;
}
