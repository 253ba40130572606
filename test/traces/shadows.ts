import { modelServices } from "#kit/traffic/traffic.ts";
import type { TestMesh } from "../harness/mesh.ts";
import { releasesOf } from "../harness/releases.ts";

/** Nothing passes it before the test is over. */
const plan = "strategy: shadow\nrequirements: { minTripsToPass: 100000 }\n";

/** Puts a candidate beside every live version, as shadow, and waits until all get their copies. */
export async function deployShadows(mesh: TestMesh): Promise<void> {
  const releases = await releasesOf(mesh);
  try {
    for (const service of modelServices) {
      const { rolloutId } = await releases.start(service, "v2", plan);
      const isRunning = ({ currentStage }: { currentStage: number }) => currentStage === 1;
      await releases.until(`${service} v2 is a shadow`, rolloutId, isRunning);
    }
  } finally {
    await releases.close();
  }
}
