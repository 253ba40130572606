const ZONE = "America/New_York";

/** Reads `2021-02-01T08:15` as New York's wall clock; undefined when it is no such text. */
export function fromNewYork(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text)) return undefined;
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall)) return undefined;
  // The offset at the wanted moment is only known once the moment is: ask again with the first answer.
  const first = wall - offsetMs(wall);
  return new Date(wall - offsetMs(first));
}

/** `2021-02-01 08:15` on New York's wall clock. */
export function toNewYork(time: Date): string {
  return new Date(time.getTime() + offsetMs(time.getTime()))
    .toISOString()
    .slice(0, 16)
    .replace("T", " ");
}

/** How far New York's clock is ahead of UTC at a moment; negative. */
function offsetMs(atMs: number): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: ZONE,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(atMs);
  const part = (type: string) => Number(parts.find((found) => found.type === type)?.value);
  const wall = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return wall - Math.floor(atMs / 1000) * 1000;
}
