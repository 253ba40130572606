import { expect, test } from "vitest";
import { createStyle } from "../output/style.ts";
import { type LogLine, parseLogLine } from "./log-line.ts";
import { createLogPrinter } from "./log-printer.ts";

const now = () => new Date("2026-01-02T03:04:05Z");
const read = (text: string) => parseLogLine(text, "warn", now);

test("lines of the mesh, of NATS and of Envoy are understood", () => {
  expect(
    read('{"level":"info","time":"2026-01-02T10:00:00Z","service":"tip","message":"on","port":1}'),
  ).toEqual({
    time: new Date("2026-01-02T10:00:00Z"),
    level: "info",
    message: "on",
    fields: { port: 1 },
  });
  expect(read("[12] 2026/01/02 10:01:02.345678 [ERR] no room")).toMatchObject({
    level: "error",
    message: "no room",
  });
  expect(
    read("[2026-01-02 10:01:02.345][12][warning][main] [source/server/server.cc:1] careful"),
  ).toMatchObject({ level: "warn", message: "careful" });
  expect(read("something else")).toEqual({
    time: now(),
    level: "warn",
    message: "something else",
    fields: {},
  });
});

function printed(options: { verbose?: boolean; json?: boolean }, process: string, line: LogLine) {
  const lines: string[] = [];
  createLogPrinter({
    verbose: options.verbose ?? false,
    json: options.json ?? false,
    style: createStyle({}, {}),
    print: (text) => lines.push(text),
  })(process, line);
  return lines;
}

const info: LogLine = {
  time: now(),
  level: "info",
  message: "on",
  fields: { port: 1, why: "a b" },
};

test("information is shown only of the replay, or of all when asked for", () => {
  expect(printed({}, "tip-blue", info)).toEqual([]);
  expect(printed({}, "simulator", info)).toHaveLength(1);
  expect(printed({ verbose: true }, "tip-blue", info)[0]).toMatch(
    /^tip-blue +\| \d\d:04:05 info {2}on port=1 why="a b"$/,
  );
});

test("as JSON the process's name is a field", () => {
  expect(JSON.parse(printed({ json: true }, "simulator", info)[0] ?? "")).toMatchObject({
    process: "simulator",
    level: "info",
    message: "on",
  });
});
