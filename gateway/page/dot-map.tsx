import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Spot } from "./zones.ts";

/** The part of the city that a map shows, in map units. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A view around the spots, with a little room. */
export function viewOf(spots: readonly Spot[]): View {
  const xs = spots.map((spot) => spot.x);
  const ys = spots.map((spot) => spot.y);
  const room = 0.012;
  const x = Math.min(...xs) - room;
  const y = Math.min(...ys) - room;
  return { x, y, width: Math.max(...xs) + room - x, height: Math.max(...ys) + room - y };
}

export interface DotMapProps {
  readonly spots: readonly Spot[];
  readonly view: View;
  readonly label: string;
  /** The zone nearest to where the map was pressed. */
  readonly onPick?: (spot: Spot) => void;
  /** Drawn above the dots, in map units. */
  readonly children?: ComponentChildren;
}

/** The city as one dot a zone; no tiles, so it needs no network. */
export function DotMap({ spots, view, label, onPick, children }: DotMapProps) {
  const radius = view.height / 170;
  const dots = useMemo(
    () =>
      spots.map(({ zone, x, y }) => (
        <circle key={zone.id} class="zone" cx={x} cy={y} r={radius}>
          <title>{zone.zone}</title>
        </circle>
      )),
    [spots, radius],
  );
  const pick = (event: MouseEvent) => {
    const svg = event.currentTarget;
    if (!onPick || !(svg instanceof SVGSVGElement)) return;
    const matrix = svg.getScreenCTM();
    if (!matrix) return;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const nearest = nearestTo(spots, point.x, point.y);
    if (nearest) onPick(nearest);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list beside the map is the keyboard's way to the same choice
    <svg
      class={onPick ? "map pickable" : "map"}
      viewBox={`${view.x} ${view.y} ${view.width} ${view.height}`}
      role="img"
      aria-label={label}
      onClick={pick}
    >
      {dots}
      {children}
    </svg>
  );
}

function nearestTo(spots: readonly Spot[], x: number, y: number): Spot | undefined {
  let nearest: Spot | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const spot of spots) {
    const distance = Math.hypot(spot.x - x, spot.y - y);
    if (distance < least) [nearest, least] = [spot, distance];
  }
  return nearest;
}
