// `mesh up --metrics`: Prometheus finds every process in one file, and goes on finding it after a restart.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMeshFile } from "../../cli/up/mesh-file.ts";
import { startMesh, type TestMesh, tempDataDir, trips } from "../harness/mesh.ts";
import { until } from "../harness/until.ts";

let mesh: TestMesh;
let remove: () => Promise<void>;

interface Target {
  readonly targets: readonly [string];
  readonly labels: { readonly instance: string; readonly __metrics_path__?: string };
}

beforeAll(async () => {
  const { dir, remove: removeDir } = await tempDataDir();
  remove = removeDir;
  mesh = await startMesh(dir, "--trips", trips, "--metrics");
});
afterAll(async () => {
  await mesh.stop();
  await remove();
});

const readTargets = () =>
  JSON.parse(readFileSync(join(mesh.dataDir, "metrics-targets.json"), "utf8")) as Target[];
const addressOf = (name: string) =>
  readTargets().find(({ labels }) => labels.instance === name)?.targets[0];

async function scrape({ targets: [address], labels }: Target): Promise<string> {
  const url = `http://${address}${labels.__metrics_path__ ?? "/metrics"}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return response.ok ? response.text() : "";
}

test("every process but nats-server is a target, and answers", async () => {
  const { nats: _, ...pids } = mesh.pids;
  const targets = readTargets();
  expect(targets.map(({ labels }) => labels.instance).toSorted()).toEqual(
    Object.keys(pids).toSorted(),
  );
  const texts = await Promise.all(targets.map(scrape));
  for (const [i, { labels }] of targets.entries()) {
    const own = labels.instance === "envoy" ? "envoy_cluster_upstream_rq_total" : "target_info";
    expect(texts[i], labels.instance).toContain(`\n${own}{`);
  }
});

test("a process that was killed is a target again, where it listens now", async () => {
  const before = addressOf("tip-blue");
  process.kill(readMeshFile(mesh.dataDir)?.pids["tip-blue"] ?? 0, "SIGKILL");
  await until("it is somewhere else", () => addressOf("tip-blue") !== before);
  const target = readTargets().find(({ labels }) => labels.instance === "tip-blue");
  expect(target && (await scrape(target))).toContain("target_info{");
});
