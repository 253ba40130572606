import { stripVTControlCharacters, styleText } from "node:util";

/** How text is dressed: on a terminal with colours, elsewhere not at all. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  /** One of a few colours, always the same for the same name. */
  name(name: string, text: string): string;
}

/** Obeys NO_COLOR and a stream that is no terminal. */
export function createStyle(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  const colours = stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  type Format = Parameters<typeof styleText>[0];
  const dress = (format: Format) => (text: string) =>
    colours ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: dress("bold"),
    dim: dress("dim"),
    good: dress("green"),
    bad: dress("red"),
    warn: dress("yellow"),
    name(name, text) {
      const palette = ["cyan", "magenta", "blue", "green", "yellow"] as const;
      const sum = [...name].reduce((total, letter) => total + letter.charCodeAt(0), 0);
      return dress(palette[sum % palette.length] ?? "cyan")(text);
    },
  };
}

/** Columns that a text takes on the screen. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
