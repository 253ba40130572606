/** Turns New York wall-clock time into UTC and back. Wall time is given as if it were UTC, in ms. */
export interface NewYorkClock {
  /**
   * UTC of a wall-clock time. In the hour that autumn repeats, the first of the two; in the hour that
   * spring leaves out, what a clock that was not put forward would mean.
   */
  toUtcMs(wallMs: number): number;
  /** Wall-clock time of an instant. */
  toWallMs(utcMs: number): number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The clock changes on the hour, so one entry per hour is exact; a month needs about 750. */
const MAX_CACHED_HOURS = 20_000;

/** A clock that asks `Intl` once per hour of history: one question costs as much as casting a row. */
export function createNewYorkClock(): NewYorkClock {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: "America/New_York",
    timeZoneName: "longOffset",
  });
  const cache = new Map<number, number>();

  function offsetMs(utcMs: number): number {
    const hour = Math.floor(utcMs / HOUR_MS);
    const known = cache.get(hour);
    if (known !== undefined) return known;
    if (cache.size >= MAX_CACHED_HOURS) cache.clear();
    const offset = askOffsetMs(format, hour * HOUR_MS);
    cache.set(hour, offset);
    return offset;
  }

  return {
    toUtcMs(wallMs) {
      // The offsets a day earlier and a day later are the only two that can apply.
      const before = offsetMs(wallMs - DAY_MS);
      const after = offsetMs(wallMs + DAY_MS);
      const valid = [before, after]
        .map((offset) => ({ offset, utcMs: wallMs - offset }))
        .filter(({ offset, utcMs }) => offsetMs(utcMs) === offset)
        .map(({ utcMs }) => utcMs);
      return valid.length > 0 ? Math.min(...valid) : wallMs - before;
    },
    toWallMs: (utcMs) => utcMs + offsetMs(utcMs),
  };
}

function askOffsetMs(format: Intl.DateTimeFormat, utcMs: number): number {
  const name = format.formatToParts(utcMs).find((part) => part.type === "timeZoneName")?.value;
  const match = /^GMT([+-])(\d{2}):(\d{2})$/.exec(name ?? "");
  if (!match)
    throw new Error(`no offset of New York in "${name}": this Node has no time zone data`);
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -1 : 1) * minutes * 60_000;
}
