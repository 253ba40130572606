// google.protobuf.Duration and google.type.Money, to and from plain numbers.
import type { Duration } from "#gen/google/protobuf/duration.ts";
import type { Money } from "#gen/google/type/money.ts";

const NANOS = 1_000_000_000;

/** Seconds of a duration; a missing one is NaN, so that a check for finite numbers catches it. */
export function toSeconds(duration: Duration | undefined): number {
  return duration ? Number(duration.seconds) + duration.nanos / NANOS : Number.NaN;
}

/** A duration of `seconds`, to the millisecond, which is all that anybody measures here. */
export function fromSeconds(seconds: number): Duration {
  const ms = Math.round(seconds * 1000);
  const whole = Math.trunc(ms / 1000);
  return { seconds: BigInt(whole), nanos: (ms - whole * 1000) * 1_000_000 };
}

export function toMinutes(duration: Duration | undefined): number {
  return toSeconds(duration) / 60;
}

export function fromMinutes(minutes: number): Duration {
  return fromSeconds(minutes * 60);
}

/** Dollars of an amount; a missing one is NaN. The currency is checked where requests are validated. */
export function toUsd(money: Money | undefined): number {
  return money ? Number(money.units) + money.nanos / NANOS : Number.NaN;
}

/** An amount in US dollars, rounded to the cent. */
export function fromUsd(usd: number): Money {
  const cents = Math.round(usd * 100);
  const units = Math.trunc(cents / 100);
  return { currencyCode: "USD", units: BigInt(units), nanos: (cents - units * 100) * 10_000_000 };
}
