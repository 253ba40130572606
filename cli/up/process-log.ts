import { openLogFile } from "./log-file.ts";
import { type Level, parseLogLine } from "./log-line.ts";
import type { LogPrinter } from "./log-printer.ts";

/** Everything one process says: kept in its file, shown as wanted. */
export interface ProcessLog {
  readonly path: string;
  /** A line of the process. */
  readonly take: (line: string, stream: "stdout" | "stderr") => void;
  /** A line of the supervisor's about the process. */
  say(level: Level, message: string): void;
  /** The last few lines, oldest first. */
  tail(): readonly string[];
  /** It is being stopped: that it says so is no news any more, only errors are. */
  expectEnd(): void;
  close(): void;
}

/** Opens the log of one process below `dir`. */
export function openProcessLog(dir: string, process: string, print: LogPrinter): ProcessLog {
  const file = openLogFile(dir, process);
  const last: string[] = [];
  let ending = false;
  const now = () => new Date();
  const keep = (line: string) => {
    file.write(line);
    last.push(line);
    if (last.length > 16) last.shift(); // Node's words about an uncaught error are a dozen
  };
  return {
    path: file.path,
    take(text, stream) {
      keep(text);
      const line = parseLogLine(text, stream === "stderr" ? "warn" : "info", now);
      if (!ending || line.level === "error" || line.level === "fatal") print(process, line);
    },
    say(level, message) {
      const time = now();
      keep(JSON.stringify({ time, level, service: "supervisor", message }));
      print(process, { time, level, message, fields: {} });
    },
    tail: () => [...last],
    expectEnd() {
      ending = true;
    },
    close: () => file.close(),
  };
}
