// Alerts are valid and fire when they should: promtool, which comes with Prometheus, where it is installed (or where
// PROMTOOL says). Without it this check is skipped and says so.
import { spawnSync } from "node:child_process";

const promtool = process.env["PROMTOOL"] ?? "promtool";
const folder = new URL("../../deploy/prometheus/", import.meta.url).pathname;
const runs = [
  ["check", "config", "prometheus.yaml"],
  ["test", "rules", "rules.test.yaml"],
];

for (const args of runs) {
  const { error, status } = spawnSync(promtool, args, { cwd: folder, stdio: "inherit" });
  if (error && "code" in error && error.code === "ENOENT" && !process.env["PROMTOOL"]) {
    process.stdout.write(
      "SKIPPED: promtool is not installed (Debian: package prometheus); the alerts were not tested\n",
    );
    break;
  }
  if (error) throw error;
  if (status !== 0) process.exitCode = 1;
}
