/** A name as an SQL identifier, `schema.table` in its parts. */
export function quote(name: string): string {
  return name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}
