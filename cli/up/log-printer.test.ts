import { expect, test } from "vitest";
import { createStyle } from "../output/style.ts";
import { parseLogLine } from "./log-line.ts";
import { createLogPrinter } from "./log-printer.ts";

test("that Envoy misses the rollout service is not shown every second, but other warnings are", () => {
  const prefix = "[2026-11-25 10:27:01.969][12671][warning][config]";
  const missing =
    "[./source/extensions/config_subscription/grpc/grpc_stream.h:227] StreamRuntime gRPC config stream to rollout closed since 1s ago: 14, no healthy upstream{no_healthy_upstream}";
  const late =
    "[source/extensions/config_subscription/grpc/grpc_subscription_impl.cc:152] gRPC config: initial fetch timed out for type.googleapis.com/envoy.service.runtime.v3.Runtime";
  const rejected = "[source/x.cc:1] Filesystem config update rejected: no such field";
  expect(shown(false)).toEqual([expect.stringContaining("update rejected: no such field")]);
  expect(shown(true)).toHaveLength(3);

  function shown(verbose: boolean): string[] {
    const printed: string[] = [];
    const print = createLogPrinter({
      verbose,
      json: false,
      style: createStyle({}, { NO_COLOR: "1" }),
      print: (line) => printed.push(line),
    });
    for (const text of [late, missing, rejected]) {
      print(
        "envoy",
        parseLogLine(`${prefix} ${text}`, "info", () => new Date()),
      );
    }
    return printed;
  }
});

test("a line of a traced call is readable: its trip and trace, not its span", () => {
  const printed: string[] = [];
  const print = createLogPrinter({
    verbose: true,
    json: false,
    style: createStyle({}, { NO_COLOR: "1" }),
    print: (line) => printed.push(line),
  });
  const line = { level: "warn", service: "backend", traceId: "ab", spanId: "cd", tripId: "t1" };
  const text = JSON.stringify({ ...line, time: "2026-01-02T10:01:02Z", message: "too slow" });
  print(
    "backend",
    parseLogLine(text, "info", () => new Date()),
  );
  expect(printed[0]).toMatch(/^backend +\| \d\d:\d\d:\d\d warn {2}too slow traceId=ab tripId=t1$/);
});
