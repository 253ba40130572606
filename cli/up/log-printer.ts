import { inspect } from "node:util";
import type { Style } from "../output/style.ts";
import { type Level, type LogLine, levels } from "./log-line.ts";

export interface LogPrinterOptions {
  /** Show every line, not only warnings, errors and the progress of the replay. */
  readonly verbose: boolean;
  /** One JSON object a line, with the process's name in it. */
  readonly json: boolean;
  readonly style: Style;
  readonly print: (line: string) => void;
}

/** Shows what the processes write: `tip-blue | 10:01:02 info message key=value`. */
export type LogPrinter = (process: string, line: LogLine) => void;

/** The process whose information is progress that a person wants to see. */
const TALKATIVE = "simulator";

/**
 * Envoy says these at a start and every second while the rollout service is away. It goes on with the weights that
 * it has, and a rollout service that dies is told of by itself.
 */
const ROLLOUT_IS_AWAY =
  /gRPC config stream to rollout closed|initial fetch timed out for \S*\.runtime\.v3\.Runtime/;

export function createLogPrinter(options: LogPrinterOptions): LogPrinter {
  const { verbose, json, style, print } = options;
  let width = 16;
  return (process, line) => {
    const wanted: Level = verbose ? "trace" : process === TALKATIVE ? "info" : "warn";
    if (levels.indexOf(line.level) < levels.indexOf(wanted)) return;
    if (!verbose && ROLLOUT_IS_AWAY.test(line.message)) return;
    if (json) {
      const { time, level, message, fields } = line;
      print(JSON.stringify({ process, time, level, message, ...fields }));
      return;
    }
    width = Math.max(width, process.length);
    const prefix = style.name(process, `${process.padEnd(width)} |`);
    print(`${prefix} ${style.dim(clock(line.time))} ${level(line.level, style)} ${text(line)}`);
  };
}

function clock(time: Date): string {
  return time.toTimeString().slice(0, 8);
}

function level(name: Level, style: Style): string {
  const padded = name.padEnd(5);
  if (name === "warn") return style.warn(padded);
  return name === "error" || name === "fatal" ? style.bad(padded) : padded;
}

function text({ message, fields }: LogLine): string {
  const pairs = Object.entries(fields)
    .filter(([key]) => key !== "spanId") // the file has it; nobody reads it off a screen
    .map(([key, value]) => `${key}=${shorten(key, value)}`);
  return [message, ...pairs].join(" ");
}

/** An error's stack belongs in the log file; its message is enough on the screen. */
function shorten(key: string, value: unknown): string {
  if (key === "err" && typeof value === "object" && value !== null && "message" in value) {
    return JSON.stringify(value.message);
  }
  if (typeof value === "string") return /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
  return typeof value === "object" ? inspect(value, { breakLength: Infinity }) : String(value);
}
