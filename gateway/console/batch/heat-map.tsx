import { useState } from "preact/hooks";
import type { HeatMap as Heat, HeatCell } from "../../../services/batch/report/heat.ts";
import type { Naming } from "./report-part.tsx";
import { amountsOf, numberText, plainName } from "./words.ts";

export interface HeatMapProps {
  readonly heat: Heat;
  readonly unit: "min" | "USD" | "share";
  readonly naming: Naming;
}

interface Place {
  readonly line: number;
  readonly hour: number;
}

/** Steps of the arrow keys. */
const steps: Readonly<Record<string, Place>> = {
  ArrowUp: { line: -1, hour: 0 },
  ArrowDown: { line: 1, hour: 0 },
  ArrowLeft: { line: 0, hour: -1 },
  ArrowRight: { line: 0, hour: 1 },
};
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));

/** Mean error by name and hour: a cell each, darker where it is larger; numbers where there is room for them. */
export function HeatMap({ heat, unit, naming }: HeatMapProps) {
  const { by, lines } = heat;
  const [at, setAt] = useState<Place>({ line: 0, hour: 12 });
  const { plain, signed } = amountsOf(unit);
  const errors = lines.flatMap(({ cells }) => cells.flatMap((cell) => cell?.meanError ?? []));
  const [least, most] = [Math.min(...errors), Math.max(...errors)];
  const nameOf = (line: number) => naming(by, lines[line]?.name ?? "");
  const shown = lines[at.line]?.cells[at.hour];
  const said = shown
    ? `${plain(shown.meanError)}, bias ${signed(shown.bias)}, ${numberText(shown.rows)} rows`
    : "fewer than 10 rows";
  const point = (target: EventTarget | null) => {
    const cell = target instanceof HTMLElement ? target.closest("td") : null;
    const { line, hour } = cell?.dataset ?? {};
    if (line !== undefined && hour !== undefined) setAt({ line: Number(line), hour: Number(hour) });
  };
  const move = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const [line, hour] = [at.line + step.line, at.hour + step.hour];
    if (line >= 0 && line < lines.length && hour >= 0 && hour < HOURS.length) setAt({ line, hour });
  };
  return (
    <section class="card" aria-label="Heat map of the error">
      <div class="head">
        <h2>Mean error by {plainName(by)} and hour</h2>
        {errors.length > 0 && (
          <span class="small soft">
            {plain(least)} <span class="ramp" aria-hidden="true" /> {plain(most)}; hatched: fewer
            than 10 rows
          </span>
        )}
      </div>
      <div
        class="heat"
        role="application"
        aria-label="Cells: arrow keys choose one"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: as above
        tabIndex={0}
        onKeyDown={move}
        onPointerOver={({ target }) => point(target)}
        onClick={({ target }) => point(target)}
      >
        <table>
          <thead>
            <tr>
              <th scope="col" class="soft">
                hour
              </th>
              {HOURS.map((hour) => (
                <th key={hour} scope="col" class="soft">
                  {hour}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((one, line) => (
              <tr key={one.name}>
                <th scope="row" title={`${nameOf(line)}, ${numberText(one.rows)} rows`}>
                  {nameOf(line)}
                </th>
                {one.cells.map((cell, hour) => (
                  <td
                    key={HOURS[hour]}
                    data-line={line}
                    data-hour={hour}
                    class={`${cell ? "" : "few"} ${at.line === line && at.hour === hour ? "at" : ""}`}
                    style={cell ? { "--heat": heatOf(cell, least, most) } : {}}
                  >
                    {cell && numberOf(cell, unit)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="small" role="status">
        <b>
          {nameOf(at.line)}, {HOURS[at.hour]}:00
        </b>{" "}
        {said}
      </p>
      {lines.length > 1 && (
        <p class="soft small">The {lines.length} with the most rows, most first.</p>
      )}
    </section>
  );
}

/** 0 to 1 between the least and the largest error. */
function heatOf({ meanError }: HeatCell, least: number, most: number): string {
  return (most > least ? (meanError - least) / (most - least) : 0).toFixed(3);
}

function numberOf({ meanError }: HeatCell, unit: HeatMapProps["unit"]): string {
  return unit === "share" ? (100 * meanError).toFixed(0) : meanError.toFixed(1);
}
