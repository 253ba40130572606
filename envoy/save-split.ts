// The saved layer of a trial's Envoy, and what Envoy counts.
import { expect } from "vitest";
import { readEnvoyTraffic } from "#kit/traffic/envoy-runtime.ts";
import { runtimeOf } from "#kit/traffic/runtime.ts";
import { type Split, split } from "#kit/traffic/testing/split.ts";
import { type ModelService, modelServices } from "#kit/traffic/traffic.ts";
import { writeTrafficLayer } from "./run-files.ts";
import type { Trial } from "./trial.ts";

/** Saves the traffic and waits until Envoy goes by it. */
export async function saveSplit(
  trial: Trial,
  splits: Partial<Record<ModelService, Split>>,
): Promise<void> {
  const { admin } = trial.envoy;
  const loads = await statistic(admin, "runtime.load_success");
  writeTrafficLayer(trial.runDir, runtimeOf(split(splits)));
  const inForce = async () => {
    const { services } = await readEnvoyTraffic(admin);
    const isLoaded = (await statistic(admin, "runtime.load_success")) > loads;
    const weights = modelServices.map((service) => services[service].blue.traffic.weight);
    return { isLoaded, weights };
  };
  const weights = modelServices.map((service) => splits[service]?.blue ?? 10_000);
  await expect.poll(inForce, { interval: 5, timeout: 5000 }).toEqual({ isLoaded: true, weights });
}

/** One of Envoy's counters; 0 where it has none of that name. */
export async function statistic(admin: string, name: string): Promise<number> {
  const response = await fetch(`http://${admin}/stats?format=json&filter=^${name}$`);
  const { stats } = (await response.json()) as { stats: { name?: string; value?: number }[] };
  return stats.find((found) => found.name === name)?.value ?? 0;
}
