import { startMesh, type TestMesh, tempDataDir, trips } from "../harness/mesh.ts";
import { type Releases, releasesOf } from "../harness/releases.ts";

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly isAsPromised: boolean;
  readonly measured: string;
}

/** A mesh of its own, with an operator. */
export interface Stage {
  readonly mesh: TestMesh;
  readonly dir: string;
  readonly releases: Releases;
}

/** Runs in a fresh mesh on replayed trips, and removes it. */
export async function onStage<T>(
  args: readonly string[],
  run: (stage: Stage) => Promise<T>,
): Promise<T> {
  const { dir, remove } = await tempDataDir();
  const mesh = await startMesh(dir, "--trips", trips, ...args);
  const releases = await releasesOf(mesh);
  try {
    return await run({ mesh, dir, releases });
  } finally {
    await releases.close();
    await mesh.stop();
    await remove();
  }
}

/** What a release of a short replay can satisfy; as strict about a bad version as any. */
export const shortRequirements = `
requirements: { margin: 0.5, minTripsToPass: 100, minHoursOfDay: 1, plannedTrips: 300, maturity: 90m }
`;
