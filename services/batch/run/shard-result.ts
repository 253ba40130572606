import type { Card } from "#kit/model/bundle.ts";
import type { ShardResult } from "../destination/destination.ts";
import type { PreparedRows } from "../rows/prepare.ts";
import { digestOf, type QuarantinedRow, type TableColumn } from "../rows/table.ts";

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
        values: Float64Array.from(outputs[i] ?? []),
      }),
    ),
    ...derived,
  ];
  const isAnswered = (row: number) => outputs.every((output) => Number.isFinite(output[row]));
  const rows = Array.from({ length: prepared.count }, (_, row) => row);
  const good = rows.filter(isAnswered);
  const columns = good.length === prepared.count ? whole : whole.map((c) => pick(c, good));
  const rejects = [
    ...prepared.quarantined,
    ...rows
      .filter((row) => !isAnswered(row))
      .map(
        (row): QuarantinedRow => ({
          place: `${file}:${String(prepared.places[row]).padStart(8, "0")}`,
          key: prepared.keys[row] ?? null,
          reason: `${card.service} answers no number`,
          cells: Object.fromEntries(prepared.columns.map((c) => [c.name, String(c.values[row])])),
        }),
      ),
  ];
  const mark = {
    shard,
    rows: good.length,
    quarantined: rejects.length,
    outside: prepared.outside,
    nulls: prepared.nulls,
    digest: digestOf(columns),
  };
  return { mark, columns, rejects };
}

function pick(column: TableColumn, rows: readonly number[]): TableColumn {
  if (column.kind === "text") {
    return { ...column, values: rows.map((row) => column.values[row] ?? null) };
  }
  return { ...column, values: Float64Array.from(rows, (row) => column.values[row] as number) };
}
