import { TraceFlags } from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isSampled, readTraceparent, toTraceparent } from "./trace-context.ts";

const hex = (length: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length })
    .filter((text) => /[^0]/.test(text));

test("what was written is read", () => {
  const contexts = fc.record({
    traceId: hex(32),
    spanId: hex(16),
    traceFlags: fc.constantFrom(TraceFlags.NONE, TraceFlags.SAMPLED),
  });
  fc.assert(
    fc.property(contexts, (context) => {
      expect(readTraceparent(toTraceparent(context))).toEqual({ ...context, isRemote: true });
    }),
  );
});

test("reads what OpenTelemetry's own reader reads, and nothing else", () => {
  const noise = fc.array(
    fc.oneof(
      hex(32),
      hex(16),
      fc.constantFrom("00", "01", "ff", "03", "-", "", "x", " "),
      fc.string(),
    ),
  );
  const nearly = fc.tuple(
    fc.constantFrom("00", "01", "cc", "ff"),
    hex(32),
    hex(16),
    fc.constantFrom("00", "01", "1", "zz"),
    fc.constantFrom("", "-", "-more", "x"),
  );
  const texts = fc.oneof(
    noise.map((parts) => parts.join("-")),
    nearly.map(
      ([version, trace, span, flags, rest]) => `${version}-${trace}-${span}-${flags}${rest}`,
    ),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const theirs = parseTraceParent(text);
      const expected = theirs && text === text.trim() ? { ...theirs, isRemote: true } : undefined;
      expect(readTraceparent(text)).toEqual(expected);
    }),
  );
});

test("of other flags only the decision goes on", () => {
  const read = readTraceparent(`00-${"a".repeat(32)}-${"b".repeat(16)}-03`);
  expect(read && isSampled(read)).toBe(true);
  expect(read && toTraceparent(read)).toBe(`00-${"a".repeat(32)}-${"b".repeat(16)}-01`);
});

test.each([
  "",
  "00",
  `00-${"0".repeat(32)}-${"b".repeat(16)}-01`,
  `00-${"a".repeat(32)}-${"0".repeat(16)}-01`,
  `ff-${"a".repeat(32)}-${"b".repeat(16)}-01`,
  `00-${"A".repeat(32)}-${"b".repeat(16)}-01-more`,
])("%j is none", (text) => {
  expect(readTraceparent(text)).toBeUndefined();
});
