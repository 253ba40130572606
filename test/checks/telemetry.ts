// docs/telemetry.md is made from the registry of metrics and the table of edges. `--write` makes it anew; without it
// the check fails when the file is another.
import { readFileSync, writeFileSync } from "node:fs";
import { type Metric, metrics } from "#kit/telemetry/registry.ts";
import { type Edge, edges, type Place } from "../traces/edges.ts";

const path = new URL("../../docs/telemetry.md", import.meta.url);
const START = "<!-- made from code below this line: node test/checks/telemetry.ts --write -->";

const written = readFileSync(path, "utf8");
const [head = ""] = written.split(START);
const made = `${head}${START}\n\n${metricsSection()}\n${edgesSection()}`;
if (process.argv.includes("--write")) writeFileSync(path, made);
else if (made !== written) {
  process.stderr.write(
    "docs/telemetry.md: not as the code says; node test/checks/telemetry.ts --write\n",
  );
  process.exitCode = 1;
}

function metricsSection(): string {
  const list: readonly Metric[] = Object.values(metrics);
  const rows = list.map(({ name, kind, unit, description, attributes, of }) => [
    `\`${name}\``,
    kind === "total" ? "counter" : kind,
    unit,
    description,
    attributes.map((key) => `\`${key}\``).join(", "),
    of,
  ]);
  const heading = ["name", "kind", "unit", "what", "attributes", "of"];
  return `## Metrics\n\n${table(heading, rows)}`;
}

function edgesSection(): string {
  const rows = edges.map(({ tap, from, to, how, role, way, by }: Edge) => {
    const ways = way === undefined ? "" : way;
    return [tap, nameOf(from), nameOf(to), how, role, ways, by];
  });
  const heading = ["trace of", "from", "to", "", "role", "way", "by"];
  return `## Edges of one trip\n\n${table(heading, rows)}`;
}

function nameOf({ process, span, with: about = {} }: Place): string {
  const kind = about["tripmesh.update.kind"];
  return `${process}: ${span.replace("tripmesh.backend.v1.", "").replace("tripmesh.duration.v1.", "")}${kind ? ` (${kind})` : ""}`;
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)].join("");
}
