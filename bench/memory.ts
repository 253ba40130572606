// Resident memory of every process of the mesh, after it has carried trips.
import { startGenerator } from "./generator.ts";
import type { Measurement, Plan, Result } from "./measurement.ts";
import { startMesh } from "./mesh.ts";
import { memoryMb } from "./proc.ts";

const TRIPS_PER_SECOND = 25;

export const memory: Measurement = {
  name: "memory",
  title: "Resident memory of the whole mesh after a replay",
  run: measure,
};

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const generator = stack.adopt(startGenerator("0,1"), (it) => it.stop());
  const mesh = stack.adopt(await startMesh(), (it) => it.stop());
  const replayed = await generator.trips({
    address: mesh.edge,
    tripsPerSecond: TRIPS_PER_SECOND,
    windowMs: rounds * windowMs,
    name: "bench-memory",
  });
  const processes = Object.entries({ "mesh up": mesh.supervisorPid, ...mesh.pids });
  const used = processes.map(([name, pid]) => ({ name, ...memoryMb(pid) }));
  const residentMb = used.reduce((sum, { resident }) => sum + resident, 0);
  const ownMb = used.reduce((sum, { own }) => sum + own, 0);
  return {
    rows: used.map(({ name, resident, own }) => ({
      what: name,
      columns: { "resident MiB": resident.toFixed(0), "of it anonymous MiB": own.toFixed(0) },
    })),
    verdicts: [
      { what: "resident, all processes", value: single(residentMb), unit: "MiB" },
      {
        what: "of it anonymous: shared pages are not counted again",
        value: single(ownMb),
        unit: "MiB",
      },
    ],
    notes: [
      `After ${replayed.replies} trips at ${TRIPS_PER_SECOND} a second, ${replayed.failures} failed calls.`,
    ],
  };
}

function single(value: number) {
  return { median: value, min: value, max: value };
}
