/**
 * How many requests must be at a time before the judge believes that it is that late: records hold rides of
 * other years, and one of them would otherwise end every wait and forget every open trip.
 */
export const WITNESSES = 10;

/** The latest request times, at most `WITNESSES`, ascending. Any order of arrival gives the same. */
export type Latest = number[];

/** Notes a request, in place. */
export function noteTime(latest: Latest, atMs: number): void {
  if (latest.length === WITNESSES && atMs <= (latest[0] as number)) return;
  let place = latest.length;
  while (place > 0 && (latest[place - 1] as number) > atMs) place--;
  latest.splice(place, 0, atMs);
  if (latest.length > WITNESSES) latest.shift();
}

/** Event time as far as enough requests have seen it; −∞ before. */
export function timeOf(latest: Latest): number {
  return latest.length < WITNESSES ? Number.NEGATIVE_INFINITY : (latest[0] as number);
}
