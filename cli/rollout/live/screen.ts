/** The part of a terminal's stream that is needed. */
export type Terminal = Pick<NodeJS.WriteStream, "columns" | "rows" | "write" | "on" | "off">;

/** A terminal's second screen, drawn over and over; what was on the first one is there again afterwards. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Replaces what is shown. */
  show(lines: readonly string[]): void;
  /** Goes back to the first screen; once is enough, twice does no harm. */
  leave(): void;
}

// xterm's control sequences (ECMA-48, and DEC's private modes 25 and 1049).
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** Takes the second screen; `onResize` is called when the terminal has got another size. */
export function openScreen(terminal: Terminal, onResize: () => void): Screen {
  let isOpen = true;
  terminal.write(ENTER);
  terminal.on("resize", onResize);
  return {
    get columns() {
      return terminal.columns || 80;
    },
    get rows() {
      return terminal.rows || 24;
    },
    show(lines) {
      // Over what is there, line by line: a screen that is emptied first flickers.
      const text = lines.map((line) => line + CLEAR_LINE).join("\r\n");
      if (isOpen) terminal.write(HOME + text + CLEAR_BELOW);
    },
    leave() {
      if (!isOpen) return;
      isOpen = false;
      terminal.off("resize", onResize);
      terminal.write(LEAVE);
    },
  };
}

/** Whether a stream can be drawn on. */
export function isTerminal(
  stream: { readonly isTTY?: boolean },
  { TERM }: NodeJS.ProcessEnv,
): boolean {
  return stream.isTTY === true && TERM !== "dumb";
}
