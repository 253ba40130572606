import { readdir } from "node:fs/promises";
import type { Finding } from "./finding.ts";

/** Recorded trips are there; without them a month is downloaded, or trips are drawn by a generator. */
export async function checkTrips(recordedDir: string): Promise<Finding[]> {
  const names = await readdir(recordedDir).catch(() => []); // not there, which is nothing bad
  const files = names.filter((name) => name.endsWith(".parquet")).length;
  const found =
    files > 0
      ? `${files} recorded files in ${recordedDir}`
      : `none in ${recordedDir}: mesh up downloads a month, or else draws synthetic ones`;
  return [{ name: "trips", ok: true, found }];
}
