import { basename, delimiter, join } from "node:path";
import { resolveTrips } from "../../simulator/trips/resolve.ts";
import type { Launch } from "./child.ts";
import type { UpOptions } from "./options.ts";
import type { Parts } from "./parts.ts";
import type { Deployment } from "./traffic.ts";
import { firstUnseenDay } from "./training-months.ts";

/** The trips of a replay. */
export interface ReplayTrips {
  /** As the simulator wants it: files, or `demo`. */
  readonly setting: string;
  /** `synthetic`: drawn by the generator rather than recorded. */
  readonly kind: "recorded" | "synthetic";
  readonly description: string;
}

/** Recorded trips that stand beside the repository are used before anything is downloaded. */
export function recordedTripsDir(root: string): string {
  return join(root, "..", "shared", "data", "trips");
}

/** Decides which trips are replayed, downloading a month where that is needed. */
export async function chooseTrips(
  { root, dataDir, trips }: Pick<UpOptions, "root" | "dataDir" | "trips">,
  report: (line: string) => void,
): Promise<ReplayTrips> {
  const resolved = await resolveTrips(trips, {
    recordedDir: recordedTripsDir(root),
    cacheDir: join(dataDir, "trips"),
    report,
  });
  return describe(resolved);
}

export interface ReplayOptions {
  readonly options: UpOptions;
  readonly trips: ReplayTrips;
  readonly deployments: readonly Deployment[];
  readonly parts: Parts;
  readonly launch: (name: string, main: string, env: NodeJS.ProcessEnv) => Launch;
  readonly edge: string;
  /** It has come to its end. */
  readonly onFinished: () => void;
}

/** The replay begins with the morning's rides: at night a newcomer would look at an empty table. */
const FIRST_HOUR = "07:00:00";

/** Starts the riders and drivers, from the first morning that no live model was trained on. */
export async function startReplay(replay: ReplayOptions): Promise<void> {
  const { options, trips, deployments, parts, launch, edge, onFinished } = replay;
  const from = await firstUnseenDay(options.root, deployments);
  await parts.start({
    name: "simulator",
    stage: "simulator",
    mayFinish: true,
    readyWithinMs: 120_000, // it reads a month of trips first
    launch: () =>
      launch("simulator", "simulator/main.ts", {
        MESH_EDGE: edge,
        MESH_TRIPS: trips.setting,
        MESH_SPEED: String(options.speed),
        MESH_STATE_DIR: join(options.dataDir, "simulator"),
        ...(from === undefined ? {} : { MESH_FROM: `${from}T${FIRST_HOUR}` }),
        ...(options.tripLimit === undefined ? {} : { MESH_TRIP_LIMIT: String(options.tripLimit) }),
      }),
    onExit: (_, finished) => {
      if (finished) onFinished();
    },
  });
}

function describe(trips: Awaited<ReturnType<typeof resolveTrips>>): ReplayTrips {
  if (trips.kind === "synthetic") {
    return { setting: "demo", kind: "synthetic", description: trips.because };
  }
  const { files } = trips;
  const more = files.length > 1 ? ` and ${files.length - 1} more` : "";
  return {
    setting: files.join(delimiter),
    kind: "recorded",
    description: `recorded in New York: ${basename(files[0] ?? "none")}${more}`,
  };
}
