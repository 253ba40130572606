import { useId, useMemo, useState } from "preact/hooks";
import type { Zone } from "../page/zones.ts";

export interface ZoneFieldProps {
  readonly label: string;
  readonly zones: readonly Zone[];
  readonly chosen: Zone | undefined;
  readonly onChoose: (zone: Zone) => void;
  /** The field that a press on the map fills. */
  readonly onFocus: () => void;
  readonly active: boolean;
}

/** A zone by name: type to search, arrows and Enter to choose (the ARIA combobox pattern). */
export function ZoneField(props: ZoneFieldProps) {
  const { label, zones, chosen, onChoose, onFocus, active } = props;
  const id = useId();
  const [search, setSearch] = useState<string>(); // undefined: closed
  const [at, setAt] = useState(0);
  const found = useMemo(() => findZones(zones, search ?? ""), [zones, search]);
  const open = search !== undefined;
  const choose = (zone: Zone | undefined) => {
    if (zone) onChoose(zone);
    setSearch(undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") setSearch(undefined);
    else if (event.key === "Enter" && open) choose(found[at]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (open) setAt(Math.max(0, Math.min(found.length - 1, at + step)));
      else setSearch("");
    } else return;
    event.preventDefault();
  };
  return (
    <div class={active ? "field active" : "field"}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        role="combobox"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(open && found[at] ? { "aria-activedescendant": `${id}-${found[at].id}` } : {})}
        autocomplete="off"
        placeholder="Search a zone"
        value={search ?? (chosen ? chosen.zone : "")}
        onFocus={(event) => {
          onFocus();
          event.currentTarget.select();
        }}
        onInput={(event) => {
          setSearch(event.currentTarget.value);
          setAt(0);
        }}
        onClick={() => setSearch(search ?? "")}
        onBlur={() => setSearch(undefined)}
        onKeyDown={onKeyDown}
      />
      {open && (
        <div id={`${id}-list`} class="list" role="listbox" aria-label={label} tabIndex={-1}>
          {found.map((zone, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the input's, which keeps the focus
            <div
              key={zone.id}
              id={`${id}-${zone.id}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              ref={(node) => {
                if (index === at) node?.scrollIntoView({ block: "nearest" });
              }}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(zone)}
            >
              {zone.zone} <span class="soft small">{zone.borough}</span>
            </div>
          ))}
          {found.length === 0 && <p class="soft none">No zone is called that.</p>}
        </div>
      )}
    </div>
  );
}

/** Zones whose name or borough has every word, those that begin with the text first. */
function findZones(zones: readonly Zone[], search: string): Zone[] {
  const text = search.trim().toLowerCase();
  const words = text.split(/\s+/);
  const score = (zone: Zone) => (zone.zone.toLowerCase().startsWith(text) ? 0 : 1);
  return zones
    .filter((zone) => {
      const name = `${zone.zone} ${zone.borough}`.toLowerCase();
      return words.every((word) => name.includes(word));
    })
    .sort((a, b) => score(a) - score(b) || a.zone.localeCompare(b.zone));
}
