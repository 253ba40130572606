import { useMemo, useState } from "preact/hooks";
import { DotMap, viewOf } from "../page/dot-map.tsx";
import { toSpots, type Zone } from "../page/zones.ts";
import { ZoneField } from "./zone-field.tsx";

export interface Choice {
  readonly from: Zone | undefined;
  readonly to: Zone | undefined;
}

export interface ChooseProps {
  readonly zones: readonly Zone[];
  readonly choice: Choice;
  readonly onChange: (choice: Choice) => void;
}

/** From and to, by name or on the map. */
export function Choose({ zones, choice, onChange }: ChooseProps) {
  const [field, setField] = useState<"from" | "to">("from");
  const [whole, setWhole] = useState(false);
  const spots = useMemo(() => toSpots(zones), [zones]);
  const shown = useMemo(
    () => (whole ? spots : spots.filter(({ zone }) => isManhattan(zone))),
    [spots, whole],
  );
  const view = useMemo(() => viewOf(shown), [shown]);
  const set = (which: "from" | "to", zone: Zone) => {
    onChange({ ...choice, [which]: zone });
    setField(which === "from" ? "to" : "from");
  };
  const find = (zone: Zone | undefined) => spots.find((spot) => spot.zone.id === zone?.id);
  const from = find(choice.from);
  const to = find(choice.to);
  const size = view.height / 60;
  return (
    <section class="card choose" aria-label="Choose a ride">
      <ZoneField
        label="From"
        zones={zones}
        chosen={choice.from}
        active={field === "from"}
        onFocus={() => setField("from")}
        onChoose={(zone) => set("from", zone)}
      />
      <ZoneField
        label="To"
        zones={zones}
        chosen={choice.to}
        active={field === "to"}
        onFocus={() => setField("to")}
        onChoose={(zone) => set("to", zone)}
      />
      <div class="map-head">
        <span class="soft small">Or press the map for “{field}”</span>
        <button type="button" class="quiet" onClick={() => setWhole(!whole)}>
          {whole ? "Manhattan" : "Whole city"}
        </button>
      </div>
      <DotMap
        spots={shown}
        view={view}
        label="Map of the zones; the fields above choose the same by keyboard"
        onPick={(spot) => set(field, spot.zone)}
      >
        {from && to && <line class="way" x1={from.x} y1={from.y} x2={to.x} y2={to.y} />}
        {from && <circle class="from" cx={from.x} cy={from.y} r={size} />}
        {to && (
          <rect class="to" x={to.x - size} y={to.y - size} width={size * 2} height={size * 2} />
        )}
      </DotMap>
    </section>
  );
}

/** The islands in the harbour would make the map three times as tall. */
function isManhattan(zone: Zone): boolean {
  return zone.borough === "Manhattan" && (zone.lat ?? 0) > 40.698;
}
