import type { Card } from "#kit/model/bundle.ts";
import type { ShardResult } from "../destination/destination.ts";
import type { PreparedRows } from "../rows/prepare.ts";
import { digestOf, type TableColumn } from "../rows/table.ts";

/** A scored shard as it goes to the destination. Rows for which the model has no number are quarantined. */
export function toShardResult(
  shard: number,
  file: string,
  card: Card,
  prepared: PreparedRows,
  outputs: readonly Float32Array[],
  derived: readonly TableColumn[],
): ShardResult {
  const whole: TableColumn[] = [
    { name: "row_key", kind: "text", values: prepared.keys },
    { name: "event_ms", kind: "integer", values: prepared.timesMs },
    ...prepared.columns,
    ...card.outputs.map(
      ({ name }, i): TableColumn => ({
        name,
        kind: "number",
        values: new Float64Array(outputs[i] ?? []),
      }),
    ),
    ...derived,
  ];
  const silent = rowsWithoutAnswer(outputs, prepared.count);
  const columns = silent.size === 0 ? whole : whole.map((column) => without(column, silent));
  const rejects = [...prepared.quarantined];
  for (const row of silent) {
    rejects.push({
      place: `${file}:${String(prepared.places[row]).padStart(8, "0")}`,
      key: prepared.keys[row] ?? null,
      reason: `${card.service} answers no number`,
      cells: Object.fromEntries(prepared.columns.map((c) => [c.name, String(c.values[row])])),
    });
  }
  const mark = {
    shard,
    rows: prepared.count - silent.size,
    quarantined: rejects.length,
    outside: prepared.outside,
    nulls: prepared.nulls,
    digest: digestOf(columns),
  };
  return { mark, columns, rejects };
}

/** Rows for which any output is not a finite number, in order. */
function rowsWithoutAnswer(outputs: readonly Float32Array[], count: number): Set<number> {
  const found = new Set<number>();
  for (const output of outputs) {
    for (let row = 0; row < count; row++) if (!Number.isFinite(output[row])) found.add(row);
  }
  return new Set([...found].toSorted((a, b) => a - b));
}

function without(column: TableColumn, rows: ReadonlySet<number>): TableColumn {
  if (column.kind === "text") {
    return { ...column, values: column.values.filter((_, row) => !rows.has(row)) };
  }
  return { ...column, values: column.values.filter((_, row) => !rows.has(row)) };
}
