/** Text from outside as text of the page: trip ids, versions and names of people come from anybody. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** A cell of a table: text, or markup that is made here. */
export type Cell = string | { readonly html: string };

/** A table that is scrolled sideways on a narrow screen; columns after the first `texts` are numbers. */
export function htmlTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  texts = 1,
): string {
  const side = (i: number) => (i < texts ? "" : ' class="number"');
  const head = headings.map((heading, i) => `<th${side(i)}>${escapeHtml(heading)}</th>`);
  const body = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td${side(i)}>${cellHtml(cell)}</td>`).join("")}</tr>`,
  );
  return (
    `<div class="scroll" tabindex="0"><table><thead><tr>${head.join("")}</tr></thead>` +
    `<tbody>${body.join("\n")}</tbody></table></div>`
  );
}

function cellHtml(cell: Cell): string {
  return typeof cell === "string" ? escapeHtml(cell) : cell.html;
}
