// The JSON that Grafana imports is made from deploy/grafana. `--write` makes it anew; without it the check fails when
// a file is another.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dashboards } from "../../deploy/expressions.ts";
import { toGrafana } from "../../deploy/grafana/dashboard.ts";

for (const [file, dashboard] of Object.entries(dashboards)) {
  const path = new URL(`../../deploy/grafana/${file}`, import.meta.url);
  const made = `${JSON.stringify(toGrafana(dashboard), null, 2)}\n`;
  if (process.argv.includes("--write")) writeFileSync(path, made);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== made) {
    process.stderr.write(
      `deploy/grafana/${file}: not as the code says; node test/checks/dashboards.ts --write\n`,
    );
    process.exitCode = 1;
  }
}
