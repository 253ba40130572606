import { EventEmitter } from "node:events";
import { stripVTControlCharacters } from "node:util";

/** A stream that says that it is a terminal, and remembers what was drawn on it. */
export interface FakeTerminal {
  readonly stream: NodeJS.WriteStream;
  /** Everything written, with its control sequences. */
  written(): string;
  /** What is on the second screen now, as lines without colours; nothing before it was drawn. */
  picture(): string[];
  resize(columns: number, rows: number): void;
}

export function createFakeTerminal(columns = 100, rows = 60): FakeTerminal {
  let text = "";
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    write(chunk: string) {
      text += chunk;
      return true;
    },
  });
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    written: () => text,
    picture: () => stripVTControlCharacters(text.split("\x1b[H").at(-1) ?? "").split("\r\n"),
    resize(wide, high) {
      Object.assign(stream, { columns: wide, rows: high });
      stream.emit("resize");
    },
  };
}
