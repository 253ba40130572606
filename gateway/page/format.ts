/** What stands where a number is not known yet. */
export const NOTHING = "–";

/** Minutes to a tenth. */
export function minutes(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : value.toFixed(1);
}

/** Dollars and cents. */
export function usd(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : `$${value.toFixed(2)}`;
}

/** Minutes with their sign; the minus is as wide as the plus. */
export function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}

const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: "America/New_York",
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** An instant as New York's clocks show it. */
export function newYork(ms: number): string {
  return clock.format(ms);
}
