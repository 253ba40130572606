import { hash } from "node:crypto";
import type { Column } from "./columns.ts";

/** SHA-256 of each row as it was fed: card order, little-endian; 32 bytes a row. */
export function hashRows(columns: readonly Column[], count: number): Uint8Array<ArrayBuffer> {
  const numeric = columns as readonly (BigInt64Array | Float32Array)[]; // rows hold numbers only
  const width = numeric.reduce((sum, column) => sum + column.BYTES_PER_ELEMENT, 0);
  const row = Buffer.alloc(width);
  const hashes = new Uint8Array(count * 32);
  for (let r = 0; r < count; r++) {
    let at = 0;
    for (const column of numeric) {
      const value = column[r];
      if (typeof value === "bigint") at = row.writeBigInt64LE(value, at);
      else at = row.writeFloatLE(value as number, at);
    }
    hashes.set(hash("sha256", row, "buffer"), r * 32);
  }
  return hashes;
}
