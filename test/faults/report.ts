import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { renderTable } from "../../cli/output/table.ts";
import type { RunResult } from "./run.ts";
import type { Topology } from "./stage.ts";

/** A run as it is counted. */
export interface Counted extends Omit<RunResult, "evidence"> {
  readonly topology: Topology;
}

interface Row {
  readonly fault: string;
  readonly topology: Topology;
  readonly runs: number;
  readonly violations: number;
  readonly medianMs: number;
  readonly maxMs: number;
  readonly answered: number;
}

function rowsOf(results: readonly Counted[]): Row[] {
  return [...Map.groupBy(results, ({ fault }) => fault)].map(([fault, runs]) => {
    const recoveries = runs.map((run) => run.recoveryMs).toSorted((a, b) => a - b);
    return {
      fault,
      topology: runs[0]?.topology ?? "single",
      runs: runs.length,
      violations: runs.reduce((sum, run) => sum + run.violations.length, 0),
      medianMs: recoveries[Math.floor(recoveries.length / 2)] ?? 0,
      maxMs: recoveries.at(-1) ?? 0,
      answered: runs.reduce((sum, run) => sum + run.answeredMeanwhile, 0),
    };
  });
}

const seconds = (ms: number) => (ms / 1000).toFixed(1);

/** The summary for a terminal. */
export function summary(results: readonly Counted[]): string[] {
  const columns = [
    { heading: "fault" },
    { heading: "where" },
    { heading: "runs", align: "right" as const },
    { heading: "violations", align: "right" as const },
    { heading: "recovery s, median", align: "right" as const },
    { heading: "longest", align: "right" as const },
  ];
  return renderTable(
    columns,
    rowsOf(results).map((row) => [
      row.fault,
      row.topology,
      String(row.runs),
      String(row.violations),
      seconds(row.medianMs),
      seconds(row.maxMs),
    ]),
  );
}

const BEGIN = "<!-- faults: begin, written by npm run faults -- --write -->";
const END = "<!-- faults: end -->";

/** Puts the summary into the document, between its two marks. */
export function writeSummary(results: readonly Counted[], firstSeed: number): void {
  const file = new URL("../../docs/reliability.md", import.meta.url);
  const text = readFileSync(file, "utf8");
  const [before, rest = ""] = text.split(BEGIN);
  const after = rest.split(END)[1];
  if (after === undefined) throw new Error(`docs/reliability.md lacks its marks ${BEGIN}, ${END}`);
  const violations = results.reduce((sum, run) => sum + run.violations.length, 0);
  const events = results.reduce((sum, run) => sum + run.events, 0);
  const lines = [
    `${results.length} runs, seeds ${firstSeed} to ${firstSeed + results.length - 1}, ${events} trip events stored: ${violations} violations.`,
    "",
    "| fault | where | runs | violations | recovery, median s | longest s | calls answered meanwhile |",
    "|---|---|---:|---:|---:|---:|---:|",
    ...rowsOf(results).map(
      (row) =>
        `| ${row.fault} | ${row.topology} | ${row.runs} | ${row.violations} | ${seconds(row.medianMs)} | ${seconds(row.maxMs)} | ${row.answered} |`,
    ),
  ];
  writeFileSync(file, `${before}${BEGIN}\n${lines.join("\n")}\n${END}${after}`);
}

/** What else the machine was doing. */
export function load(): string {
  return loadavg()[0]?.toFixed(1) ?? "";
}
