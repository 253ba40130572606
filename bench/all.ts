// The benchmark: ratios, each taken in one interleaved run. See README.md.
import { readFileSync, writeFileSync } from "node:fs";
import { batchRate } from "./batch-rate.ts";
import { consumerRate } from "./consumer-rate.ts";
import { requireTwoCores } from "./cores.ts";
import { durationEcho } from "./duration-echo.ts";
import { eventCost } from "./event-cost.ts";
import type { Measurement, Result } from "./measurement.ts";
import { memory } from "./memory.ts";
import { meshHops } from "./mesh-hops.ts";
import { modelCost } from "./model-cost.ts";
import { readOptions } from "./options.ts";
import { loadAverage } from "./proc.ts";
import { pushDelay } from "./push-delay.ts";
import { replayRate } from "./replay-rate.ts";
import { report } from "./report.ts";
import { scaleOut } from "./scale-out.ts";
import { streams } from "./streams.ts";
import { syncCost } from "./sync-cost.ts";
import { telemetryCost } from "./telemetry-cost.ts";

const measurements: readonly Measurement[] = [
  durationEcho,
  eventCost,
  telemetryCost,
  meshHops,
  replayRate,
  memory,
  modelCost,
  streams,
  consumerRate,
  scaleOut,
  pushDelay,
  syncCost,
  batchRate,
];

const options = readOptions(
  process.argv.slice(2),
  measurements.map(({ name }) => name),
);
requireTwoCores();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

const results: Record<string, Result & { readonly load: string }> = {};
for (const { name, title, run } of measurements) {
  if (options.only.length > 0 && !options.only.includes(name)) continue;
  process.stderr.write(`${name} ...\n`);
  const before = loadAverage();
  const result = await run(options.plan);
  const load = `${before} before, ${loadAverage()} after`;
  results[name] = { ...result, load };
  process.stdout.write(report(title, result, load));
}
if (options.write) {
  const file = new URL("results.json", import.meta.url);
  const kept = JSON.parse(readFileSync(file, "utf8")) as typeof results;
  writeFileSync(file, `${JSON.stringify({ ...kept, ...results }, null, 2)}\n`);
}
process.exit(0); // children have ended; their channels would keep the process
