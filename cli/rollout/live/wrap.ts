import { stripVTControlCharacters } from "node:util";
import { widthOf } from "../../output/style.ts";

/** Between a number and its unit. */
const GLUE = "\u00a0";

/** Breaks plain text at spaces into lines of at most `columns`; a longer word is cut. At least one line. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  const glued = text.replace(/(?<=\d) (?=%|min\b|s\b|h\b)/g, GLUE);
  for (const word of glued.split(" ")) {
    const rest = cut(word, columns);
    for (const [i, part] of rest.entries()) {
      const joined = line === "" || i > 0 ? part : `${line} ${part}`;
      if (i === 0 && widthOf(joined) <= columns) line = joined;
      else {
        if (line !== "") lines.push(line);
        line = part;
      }
    }
  }
  const all = line === "" && lines.length > 0 ? lines : [...lines, line];
  return all.map((one) => one.replaceAll(GLUE, " "));
}

function cut(word: string, columns: number): string[] {
  const letters = [...word];
  if (letters.length <= columns) return [word];
  return Array.from({ length: Math.ceil(letters.length / columns) }, (_, i) =>
    letters.slice(i * columns, (i + 1) * columns).join(""),
  );
}

/** A line that fits; one that is too long loses its colours, because it may be cut within them. */
export function clip(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const letters = [...stripVTControlCharacters(line)];
  return `${letters.slice(0, Math.max(0, columns - 1)).join("")}…`;
}

/** Fills up to a width on the screen. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

/** Parts, which may have colours, on as few lines as they fit on; none is broken. */
export function flow(parts: readonly string[], gap: string, columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const together = lines.length === 0 ? part : `${lines.at(-1)}${gap}${part}`;
    if (lines.length > 0 && widthOf(together) <= columns) lines[lines.length - 1] = together;
    else lines.push(part);
  }
  return lines;
}
