import { createHash } from "node:crypto";
import type { ColumnKind } from "./reader.ts";

/** A column of a shard's result: numbers with NaN for none, or texts with null for none. */
export type TableColumn =
  | { readonly name: string; readonly kind: "integer" | "number"; readonly values: Float64Array }
  | { readonly name: string; readonly kind: "text"; readonly values: readonly (string | null)[] };

/** A column's name and kind, which a destination makes its tables of. */
export interface ColumnShape {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** A row that was not scored, and why. */
export interface QuarantinedRow {
  /** Where it is: `<file>:<row>` of the snapshot. */
  readonly place: string;
  /** Its key, where it has one. */
  readonly key: string | null;
  readonly reason: string;
  /** What the source holds, as text. */
  readonly cells: Readonly<Record<string, string | null>>;
}

/** Digest of rows: names, kinds and every bit of every value, in order. */
export function digestOf(columns: readonly TableColumn[]): string {
  const hash = createHash("sha256");
  for (const { name, kind, values } of columns) {
    hash.update(`${name}\0${kind}\0`);
    if (values instanceof Float64Array) {
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    } else hash.update(values.map((text) => (text === null ? "\0" : `\x01${text}`)).join("\x02"));
  }
  return hash.digest("hex");
}
