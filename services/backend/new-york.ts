const HOUR_MS = 3_600_000;

const wallClock = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/New_York",
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
});

/** New York's offset in a given hour, ms; it changes on full hours only, so an hour is computed once. */
const offsets = new Map<number, number>();

/**
 * The clock on the wall in New York, as seconds since 1970-01-01T00:00 of that same clock.
 *
 * This is the one place where local time is computed; everything behind it gets the result.
 */
export function newYorkSeconds(time: Date): bigint {
  const ms = time.getTime();
  const hour = Math.floor(ms / HOUR_MS);
  let offsetMs = offsets.get(hour);
  if (offsetMs === undefined) {
    offsetMs = offsetOf(new Date(hour * HOUR_MS));
    if (offsets.size >= 10_000) offsets.clear(); // a year of hours, then start again
    offsets.set(hour, offsetMs);
  }
  return BigInt(Math.floor((ms + offsetMs) / 1000));
}

function offsetOf(time: Date): number {
  const parts = Object.fromEntries(
    wallClock.formatToParts(time).map((p) => [p.type, Number(p.value)]),
  );
  const { year = 0, month = 0, day = 0, hour = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour) - time.getTime();
}
