/** A TLC zone with its centroid; two of them are no place at all. */
export interface Zone {
  readonly id: number;
  readonly zone: string;
  readonly borough: string;
  readonly lat: number | null;
  readonly lon: number | null;
}

/** A zone that has a place, in map units: right and down from the north-west, one unit is a degree north. */
export interface Spot {
  readonly zone: Zone;
  readonly x: number;
  readonly y: number;
}

const NARROWING = Math.cos((40.73 * Math.PI) / 180); // a degree east is shorter than one north

/** Loads the zones from the server that sent the page. */
export async function loadZones(): Promise<Zone[]> {
  const response = await fetch("/zones.json");
  if (!response.ok) throw new Error(`the zones cannot be loaded: HTTP ${response.status}`);
  return (await response.json()) as Zone[];
}

export function toSpots(zones: readonly Zone[]): Spot[] {
  return zones.flatMap((zone) =>
    zone.lat === null || zone.lon === null
      ? []
      : [{ zone, x: (zone.lon + 74.3) * NARROWING, y: 41 - zone.lat }],
  );
}

/** A zone's name for people. */
export function nameOf(zones: ReadonlyMap<number, Zone>, id: number): string {
  return zones.get(id)?.zone ?? `zone ${id}`;
}

/** Miles between two zones as the crow flies, or undefined where one has no place. */
export function milesBetween(a: Spot | undefined, b: Spot | undefined): number | undefined {
  return a && b ? Math.hypot(a.x - b.x, a.y - b.y) * 69 : undefined;
}
