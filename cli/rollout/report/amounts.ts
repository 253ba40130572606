import type { Metric } from "../../../services/rollout/judge/metric.ts";

/** How numbers of one unit are written. */
export interface Amounts {
  /** `12.30 min`, `$4.20`, `81.0 %` */
  readonly plain: (value: number) => string;
  /** The same with its sign, `+0.41 min`; a share in points. */
  readonly signed: (value: number) => string;
}

const wordy: Readonly<Record<Metric["unit"], (size: number) => string>> = {
  min: (size) => `${size.toFixed(2)} min`,
  USD: (size) => `$${size.toFixed(2)}`,
  share: (size) => `${(100 * size).toFixed(1)} %`,
};

export function amountsOf(unit: Metric["unit"]): Amounts {
  const of = (size: number) => (Number.isFinite(size) ? wordy[unit](size) : "no number");
  const ofDifference = (size: number) => {
    if (unit === "USD" && Number.isFinite(size)) return `$${size.toFixed(3)}`; // cents are too coarse
    return of(size).replace(" %", " points");
  };
  return {
    plain: (value) => (value < 0 ? `−${of(-value)}` : of(value)),
    signed: (value) => `${value < 0 ? "−" : "+"}${ofDifference(Math.abs(value))}`,
  };
}

/** `−0.50 min to +0.10 min`: the ends of an interval, or that there is none. */
export function betweenText(
  { signed }: Amounts,
  { lower, upper }: { readonly lower: number; readonly upper: number },
): string {
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return "too few";
  return `${signed(lower)} to ${signed(upper)}`;
}

/** `−1.00 min to −0.50 min`, `equal`, `+4.00 min and more` */
export function binText(
  { signed }: Amounts,
  { from, to }: { readonly from: number; readonly to: number },
): string {
  if (from === 0 && to === 0) return "equal";
  if (!Number.isFinite(from)) return `${signed(to)} and less`;
  if (!Number.isFinite(to)) return `${signed(from)} and more`;
  return `${from === 0 ? "0" : signed(from)} to ${to === 0 ? "0" : signed(to)}`;
}

/** `57.3 %` */
export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** `−9.4 %` */
export function signedPercent(share: number): string {
  return `${share < 0 ? "−" : "+"}${percentText(Math.abs(share))}`;
}

/** `12,345` */
export function numberText(count: number): string {
  return count.toLocaleString("en-US");
}

/** `12,345 rides`, `1 ride` */
export function countText(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;
}
