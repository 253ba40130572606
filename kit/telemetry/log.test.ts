import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createLog } from "./log.ts";
import { withoutPasswords } from "./redact.ts";
import { recordSpans } from "./testing/recorded.ts";
import { tracer } from "./tracer.ts";
import { nameTrip, withTrip } from "./trip-context.ts";

const recorded = recordSpans(1);
afterAll(() => recorded.stop());

function logLines(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLog("test", "info", { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("a line within a traced call has the ids of trace, span and trip, and its own fields win", () => {
  const span = tracer.startSpan("call");
  const { traceId, spanId } = span.spanContext();
  const [before, named, own, outside] = logLines((log) => {
    context.with(withTrip(trace.setSpan(ROOT_CONTEXT, span), ""), () => {
      log.info("no trip yet");
      nameTrip("t1");
      log.info("a trip");
      log.child({ durable: "tip-blue" }).info({ tripId: "t2" }, "another one");
    });
    log.info("outside");
  });
  expect(before).toMatchObject({ traceId, spanId, message: "no trip yet" });
  expect(before).not.toHaveProperty("tripId");
  expect(named).toMatchObject({ traceId, tripId: "t1" });
  expect(own).toMatchObject({ traceId, tripId: "t2", durable: "tip-blue" });
  expect(outside).not.toHaveProperty("traceId");
});

test("secrets and riders are redacted by the field's name, at any of three depths", () => {
  const secrets = { riderId: "r1", password: "p", token: "t", "x-rider-id": "r1", tripId: "t1" };
  const [line] = logLines((log) =>
    log.info(
      { ...secrets, request: { ...secrets, headers: { ...secrets, authorization: "a" } } },
      "x",
    ),
  );
  const gone = {
    riderId: "[redacted]",
    password: "[redacted]",
    token: "[redacted]",
    "x-rider-id": "[redacted]",
  };
  const censored = { ...gone, tripId: "t1" };
  expect(line).toMatchObject({
    ...censored,
    request: { ...censored, headers: { ...censored, authorization: "[redacted]" } },
  });
});

test("a password in a URL is redacted wherever it stands", () => {
  const [line] = logLines((log) =>
    log.error(
      { err: new Error("no answer from postgres://me:hunter2@db:5432/x") },
      "at nats://u:hunter2@n:1",
    ),
  );
  expect(JSON.stringify(line)).not.toContain("hunter2");
  expect(JSON.stringify(line)).toContain("postgres://me:***@db:5432/x");
});

test("lines without credentials stay as they are", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.includes("@"));
      expect(withoutPasswords(text)).toBe(text);
    }),
  );
  expect(withoutPasswords("http://127.0.0.1:8080/a@b")).toBe("http://127.0.0.1:8080/a@b");
});
