import type { Expected } from "./pair.ts";
import type { MethodSummary, Share, Spread, Summary } from "./summary.ts";

const WORSE = [
  "pair",
  "harm",
  "starts",
  "FAIL",
  "wrong PASS (95 %)",
  "trips",
  "riders, finished",
  "riders, routed",
  "decided by",
  "split alone: FAIL",
  "trips",
  "riders, finished",
];

const EQUAL = [
  "pair",
  "harm",
  "starts",
  "PASS",
  "wrong FAIL (95 %)",
  "said better (95 %)",
  "HOLD",
  "undecided",
  "trips",
  "split alone: wrong FAIL (95 %)",
];

/** The summaries as two Markdown tables. */
export function report(summaries: readonly Summary[]): string {
  const rows = (expected: Expected) => summaries.filter((one) => one.expected === expected);
  return [
    "Worse candidates: finished trips and riders until FAIL, median / 90 % of the starts.",
    "",
    ...table(WORSE, rows("FAIL").map(worseRow)),
    "",
    "Equal and better candidates: finished trips until PASS.",
    "",
    ...table(EQUAL, rows("PASS").map(equalRow)),
  ].join("\n");
}

function worseRow(one: Summary): string[] {
  return [
    ...head(one),
    share(one.judge.fail, one.starts),
    wrong(one.judge.wrong, one.starts),
    ...spreads(one.judge),
    gatesText(one.judge),
    share(one.split.fail, one.splitStarts),
    spread(one.split.trips),
    spread(one.split.finishedRiders),
  ];
}

function equalRow(one: Summary): string[] {
  return [
    ...head(one),
    share(one.judge.pass, one.starts),
    wrong(one.judge.wrong, one.starts),
    wrong(one.saidBetter, one.starts),
    String(one.judge.hold),
    String(one.judge.undecided),
    spread(one.judge.trips),
    wrong(one.split.wrong, one.splitStarts),
  ];
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(headings),
    line(headings.map((_, i) => (i === 0 ? "---" : "---:"))),
    ...rows.map(line),
  ];
}

function head({ service, name, trueHarm, starts }: Summary): string[] {
  const sign = trueHarm < 0 ? "−" : "+";
  return [`${service} ${name}`, `${sign}${Math.abs(100 * trueHarm).toFixed(1)} %`, String(starts)];
}

function spreads({ trips, finishedRiders, routedRiders }: MethodSummary): string[] {
  return [trips, finishedRiders, routedRiders].map(spread);
}

function gatesText({ gates }: MethodSummary): string {
  const sorted = Object.entries(gates).toSorted(([, a], [, b]) => b - a);
  return sorted.map(([gate, count]) => `${gate} ${count}`).join(", ");
}

function spread({ median, ninety }: Spread): string {
  return `${median?.toLocaleString("en-US") ?? "never"} / ${ninety?.toLocaleString("en-US") ?? "never"}`;
}

function share(count: number, of: number): string {
  return of === 0 ? "" : `${((100 * count) / of).toFixed(1)} %`;
}

function wrong({ count, interval: [low, high] }: Share, of: number): string {
  if (of === 0) return "";
  return `${count} of ${of} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %)`;
}
