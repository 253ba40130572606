import type { DriftSpec } from "../job/spec.ts";

/** A bin of a distribution in two runs. */
export interface DriftBin {
  readonly label: string;
  readonly before: number;
  readonly now: number;
}

/**
 * `drifted`: more than a change of practice, and more than chance; `moved`: less, but still more than chance;
 * `steady`: neither; `too few`: fewer rows than can tell.
 */
export type DriftVerdict = "drifted" | "moved" | "steady" | "too few";

export interface Drift {
  readonly column: string;
  readonly bins: readonly DriftBin[];
  /** Population stability index. */
  readonly psi: number;
  /** What it stays below in 999 of 1000 pairs of samples of these sizes from one distribution. */
  readonly chance: number;
  readonly verdict: DriftVerdict;
}

/** Usual marks of the index. They know nothing of sample sizes, so they count only above chance. */
const DRIFTED = 0.25;
const MOVED = 0.1;
const LEAST_ROWS = 500;
/** A category with less than this share of both runs goes into "other". */
const RARE = 0.005;
const NORMAL_999 = 3.0902;

/** Counts values of one column into bins. */
export interface BinCounts {
  add(value: unknown): void;
  readonly counts: ReadonlyMap<string, number>;
  readonly rows: number;
}

export function createBinCounts(spec: DriftSpec): BinCounts {
  const label =
    "edges" in spec ? edgeLabels(spec.edges) : (value: unknown) => String(value ?? "none");
  const counts = new Map<string, number>();
  let rows = 0;
  return {
    counts,
    get rows() {
      return rows;
    },
    add(value) {
      const name = label(value);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      rows++;
    },
  };
}

/** Compares a column of two runs. */
export function compareBins(spec: DriftSpec, before: BinCounts, now: BinCounts): Drift {
  const bins = "edges" in spec ? edgeBins(spec.edges, before, now) : categoryBins(before, now);
  const psi = stabilityIndex(bins);
  const chance = chiSquare999(bins.length - 1) * (1 / before.rows + 1 / now.rows);
  return { column: spec.column, bins, psi, chance, verdict: judge(psi, chance, before, now) };
}

/** The sum over bins of (p − q) ln(p / q). Half a row is added to each bin: an empty one is no infinity. */
export function stabilityIndex(bins: readonly Pick<DriftBin, "before" | "now">[]): number {
  const total = (of: (bin: Pick<DriftBin, "before" | "now">) => number) =>
    bins.reduce((sum, bin) => sum + of(bin) + 0.5, 0);
  const [allBefore, allNow] = [total((bin) => bin.before), total((bin) => bin.now)];
  return bins.reduce((sum, bin) => {
    const p = (bin.now + 0.5) / allNow;
    const q = (bin.before + 0.5) / allBefore;
    return sum + (p - q) * Math.log(p / q);
  }, 0);
}

/** The 99.9 % quantile of chi-square, by Wilson and Hilferty; within 2 % from 3 degrees of freedom on. */
export function chiSquare999(degrees: number): number {
  const k = Math.max(degrees, 1);
  const root = 1 - 2 / (9 * k) + NORMAL_999 * Math.sqrt(2 / (9 * k));
  return k * root ** 3;
}

function judge(
  psi: number,
  chance: number,
  { rows: before }: BinCounts,
  { rows: now }: BinCounts,
): DriftVerdict {
  if (before < LEAST_ROWS || now < LEAST_ROWS) return "too few";
  if (psi <= chance || psi <= MOVED) return "steady";
  return psi > DRIFTED ? "drifted" : "moved";
}

function edgeLabels(edges: readonly number[]): (value: unknown) => string {
  const labels = labelsOf(edges);
  return (value) => {
    if (typeof value !== "number" || Number.isNaN(value)) return "none";
    let i = 0;
    while (i < edges.length && value >= (edges[i] as number)) i++;
    return labels[i] as string;
  };
}

function labelsOf(edges: readonly number[]): string[] {
  const inner = edges.slice(1).map((edge, i) => `${edges[i]} to ${edge}`);
  return [`below ${edges[0]}`, ...inner, `${edges.at(-1)} and more`];
}

function edgeBins(edges: readonly number[], before: BinCounts, now: BinCounts): DriftBin[] {
  return [...labelsOf(edges), "none"]
    .map((label) => binOf(label, before, now))
    .filter((bin) => bin.before + bin.now > 0);
}

function categoryBins(before: BinCounts, now: BinCounts): DriftBin[] {
  const labels = [...new Set([...before.counts.keys(), ...now.counts.keys()])];
  const bins = labels.map((label) => binOf(label, before, now));
  const least = RARE * (before.rows + now.rows);
  const common = bins.filter((bin) => bin.before + bin.now >= least);
  const rare = bins.filter((bin) => bin.before + bin.now < least);
  const sum = (of: (bin: DriftBin) => number) => rare.reduce((total, bin) => total + of(bin), 0);
  const other = { label: "other", before: sum((bin) => bin.before), now: sum((bin) => bin.now) };
  return [
    ...common.toSorted((a, b) => b.before + b.now - (a.before + a.now)),
    ...(rare.length > 0 ? [other] : []),
  ];
}

function binOf(label: string, before: BinCounts, now: BinCounts): DriftBin {
  return { label, before: before.counts.get(label) ?? 0, now: now.counts.get(label) ?? 0 };
}
