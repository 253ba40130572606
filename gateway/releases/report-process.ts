// Makes one report in a process of its own: it reads millions of messages, and riders' streams must not wait
// for that. `node report-process.ts ROLLOUT FOLDER`; progress goes to the parent.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { eventStreamConfig, eventStreamEnv } from "#kit/config/event-stream.ts";
import { connectEvents } from "#kit/events/connect.ts";
import { makeReport } from "../../cli/rollout/report/make-report.ts";
import { openGrowingFile, writeWhole } from "../../cli/rollout/report/output-file.ts";
import { pairLines, pairsHeader } from "../../cli/rollout/report/pairs-csv.ts";
import { readRollout } from "../../cli/rollout/report/read-rollout.ts";
import { reportJson } from "../../cli/rollout/report/report-json.ts";
import { reportPage } from "../../cli/rollout/report/report-page.ts";
import type { ReportMessage } from "./reports.ts";

const [, , rolloutId = "", dir = ""] = process.argv;
/** As `mesh rollout report` has them. */
const options = { leastRides: 30, sliceAlpha: 0.05 };
const TELL_EVERY_MS = 250;

process.on("disconnect", () => process.exit(1)); // nobody waits for it any more
const tell = (message: ReportMessage) => process.send?.(message);

try {
  await report();
  tell({ kind: "done" });
} catch (cause) {
  tell({ kind: "failed", why: cause instanceof Error ? cause.message : String(cause) });
}
process.disconnect?.();

async function report(): Promise<void> {
  const env = z.object({ ...eventStreamEnv, MESH_MODELS: z.string() }).parse(process.env);
  const zones = await readZones(env.MESH_MODELS);
  const events = await connectEvents({
    ...eventStreamConfig(env),
    name: "report",
    waitForServer: false,
  });
  const table = await openGrowingFile(join(dir, "report.csv"));
  try {
    const rollout = await readRollout(events, rolloutId);
    await table.write(pairsHeader);
    let told = 0;
    const made = await makeReport(events, rollout, {
      ...options,
      onProgress(done, total) {
        if (performance.now() - told < TELL_EVERY_MS) return;
        told = performance.now();
        tell({ kind: "progress", done, total });
      },
      async onRide(ride) {
        for (const line of pairLines(ride)) await table.write(line);
      },
    });
    await table.commit();
    await writeWhole(join(dir, "report.json"), `${reportJson(made)}\n`);
    await writeWhole(join(dir, "report.html"), reportPage(made, zones));
  } catch (cause) {
    await table.discard();
    throw cause;
  } finally {
    await events.close();
  }
}

async function readZones(modelsDir: string): Promise<ReadonlyMap<string, string>> {
  const schema = z.array(z.object({ id: z.number(), zone: z.string() }));
  const text = await readFile(join(modelsDir, "zones.json"), "utf8");
  return new Map(schema.parse(JSON.parse(text)).map(({ id, zone }) => [String(id), zone]));
}
