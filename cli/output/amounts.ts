import type { Duration } from "#gen/google/protobuf/duration.ts";
import type { Money } from "#gen/google/type/money.ts";
import { toMinutes, toUsd } from "#kit/rpc/amounts.ts";

/** `12.3 min` */
export function minutesText(minutes: number): string {
  return `${minutes.toFixed(1)} min`;
}

/** `$14.50` */
export function usdText(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

/** A duration in minutes; undefined when it is not known. */
export function durationText(duration: Duration | undefined): string | undefined {
  return duration && minutesText(toMinutes(duration));
}

/** An amount in dollars; undefined when it is not known. */
export function moneyText(money: Money | undefined): string | undefined {
  return money && usdText(toUsd(money));
}

/** Basis points as percent, `12.50 %`; what is no number is told as such. */
export function basisPointsText(basisPoints: number | undefined): string {
  return basisPoints === undefined ? "?" : `${(basisPoints / 100).toFixed(2)} %`;
}
