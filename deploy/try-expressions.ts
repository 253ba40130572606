// Asks a Prometheus for every expression of the dashboards and alerts and says which have no series now.
//   node deploy/try-expressions.ts http://127.0.0.1:9090
// An alert that does not fire has none, and rightly so: for alerts it says which of the series that they name there are
// not.
import { z } from "zod";
import { allExpressions, readNames } from "./expressions.ts";

const answer = z.object({
  status: z.literal("success"),
  data: z.object({ result: z.array(z.unknown()) }),
});
const [prometheus = "http://127.0.0.1:9090"] = process.argv.slice(2);

const empty: string[] = [];
for (const { of, expr } of allExpressions()) {
  const query = expr.replaceAll("$__rate_interval", "1m"); // Grafana's own
  const found = await count(query);
  const isAlert = of.startsWith("alert ");
  const missing = isAlert ? await missingSeries(expr) : [];
  if (isAlert ? missing.length > 0 : found === 0) empty.push(of);
  const without = missing.length > 0 ? `, there is no ${missing.join(", ")}` : "";
  process.stdout.write(`${String(found).padStart(5)}  ${of}${without}\n`);
}
process.stdout.write(`Without series: ${empty.length === 0 ? "none" : empty.join("; ")}\n`);

async function missingSeries(expr: string): Promise<string[]> {
  const names = [...new Set(readNames(expr).series.map(({ name }) => name))];
  const counts = await Promise.all(names.map(count));
  return names.filter((_, i) => counts[i] === 0);
}

async function count(query: string): Promise<number> {
  const url = new URL("/api/v1/query", prometheus);
  url.searchParams.set("query", query);
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${response.status} for ${query}: ${await response.text()}`);
  return answer.parse(await response.json()).data.result.length;
}
