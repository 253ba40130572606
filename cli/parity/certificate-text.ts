import type { Style } from "../output/style.ts";
import { type Column, renderTable } from "../output/table.ts";
import type { Difference } from "./answers.ts";
import type { Certificate } from "./certificate.ts";

/** The digest, the ways, and the largest difference of each pair as half a matrix. */
export function certificateLines(certificate: Certificate, style: Style): string[] {
  const { service, version, digest, rides, modes, pairs, isEqual } = certificate;
  const verdict = isEqual ? style.good("0 bits differ") : style.bad("some bits differ");
  const columns: Column[] = [
    { heading: "", align: "right" },
    { heading: "largest difference to" },
    ...modes.slice(1).map((_, i) => ({ heading: String(i + 1), align: "right" as const })),
  ];
  const rows = modes.map((mode, i) => [
    String(i + 1),
    mode,
    ...modes.slice(0, i).map((other) => cell(pairs.find(({ a, b }) => a === other && b === mode))),
  ]);
  return [
    "",
    `${service}@${version}, sha256 ${digest}`,
    `${rides} rides, ${modes.length} ways, ${pairs.length} pairs: ${verdict}`,
    "",
    ...renderTable(columns, rows),
    ...pairs.filter((pair) => cell(pair) !== "0").map(describe),
    "",
  ];
}

/** `0` for the same bits; other inputs count as a difference even where the answer is the same. */
function cell(pair: Difference | undefined): string {
  if (!pair) return "?";
  if (pair.rows > 0) return pair.largest.toExponential(1);
  return pair.inputs ? "inputs" : "0";
}

function describe({ a, b, rows, ulps, inputs }: Difference): string {
  const fed = inputs ? `, ${inputs} rows were fed differently` : "";
  return `${a} and ${b}: ${rows} rows differ, by up to ${ulps} units in the last place${fed}`;
}
