/** Severity of a line; anything from `warn` up is always shown. */
export const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof levels)[number];

/** One line that a process wrote, whatever its format was. */
export interface LogLine {
  readonly time: Date;
  readonly level: Level;
  readonly message: string;
  /** The other fields of a structured line. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads a line of a mesh process (JSON), of NATS or of Envoy; anything else is taken as it is. */
export function parseLogLine(text: string, fallback: Level, now: () => Date): LogLine {
  return (
    parseJson(text, fallback, now) ??
    parseNats(text, now) ??
    parseEnvoy(text, now) ?? { time: now(), level: fallback, message: text, fields: {} }
  );
}

function parseJson(text: string, fallback: Level, now: () => Date): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const { time, level, message, service: _, ...fields } = JSON.parse(text);
    const at = new Date(time);
    return {
      time: Number.isNaN(at.getTime()) ? now() : at,
      level: toLevel(level) ?? fallback,
      message: typeof message === "string" ? message : "",
      fields,
    };
  } catch {
    return undefined; // looked like JSON, is not
  }
}

const natsLevels: Readonly<Record<string, Level>> = {
  TRC: "trace",
  DBG: "debug",
  INF: "info",
  WRN: "warn",
  ERR: "error",
  FTL: "fatal",
};

/** `[123] 2026/01/02 10:01:02.345678 [INF] Server is ready` */
function parseNats(text: string, now: () => Date): LogLine | undefined {
  const match = /^\[\d+\] \S+ \S+ \[(\w{3})\] (.*)$/.exec(text);
  const level = natsLevels[match?.[1] ?? ""];
  return level && { time: now(), level, message: match?.[2] ?? "", fields: {} };
}

/** `[2026-01-02 10:01:02.345][123][info][main] [source/server/server.cc:1] starting` */
function parseEnvoy(text: string, now: () => Date): LogLine | undefined {
  const match = /^\[[^\]]+\]\[\d+\]\[(\w+)\]\[\w+\] (?:\[[^\]]*\] )?(.*)$/.exec(text);
  const level = toLevel(match?.[1]);
  return level && { time: now(), level, message: match?.[2] ?? "", fields: {} };
}

/** A level by any of its names: Envoy says `warning` and `critical`, pino may count. */
function toLevel(level: unknown): Level | undefined {
  if (typeof level === "number")
    return levels[Math.max(0, Math.min(5, Math.floor(level / 10) - 1))];
  if (level === "warning") return "warn";
  if (level === "critical") return "fatal";
  return levels.find((known) => known === level);
}
