// node test/traces/check-edges.ts DATA_DIR: starts the mesh of that directory, takes a trip through it, and prints
// the edges that its traces lack, as JSON. `--shadows` only puts a candidate beside every version, once.
import { startMesh } from "../harness/mesh.ts";
import { describeEdge } from "./edges.ts";
import { findMissing, takeTrip } from "./one-trip.ts";
import { deployShadows } from "./shadows.ts";

/** Envoy sends its spans every five seconds, and a busy machine takes its time. */
const WITHIN_MS = 15_000;

const [dataDir = "", mode] = process.argv.slice(2);
const mesh = await startMesh(dataDir, "--no-replay", "--trace-rate", "0");
process.once("SIGTERM", () => void mesh.stop().then(() => process.exit(1)));
try {
  if (mode === "--shadows") await deployShadows(mesh);
  else {
    const missing = await findMissing(mesh, await takeTrip(mesh), WITHIN_MS);
    process.stdout.write(`${JSON.stringify(missing.map(describeEdge))}\n`);
  }
} finally {
  await mesh.stop();
}
process.exit(0);
