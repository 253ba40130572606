import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace";
import { startTracing, type Tracing } from "../tracing.ts";

/** Spans of this process, kept instead of sent. */
export interface Recorded {
  readonly spans: () => readonly ReadableSpan[];
  /** The one span of that name; fails when there is none or another. */
  one(name: string): ReadableSpan;
  forget(): void;
  readonly stop: Tracing["stop"];
}

/** Begins to record. OpenTelemetry has one provider a process, so a test file calls it once. */
export function recordSpans(rate: number): Recorded {
  const exporter = new InMemorySpanExporter();
  const { stop } = startTracing({
    resource: resourceFromAttributes({ "service.name": "test" }),
    endpoint: "",
    rate,
    processor: new SimpleSpanProcessor({ exporter }),
  });
  const spans = () => exporter.getFinishedSpans();
  return {
    spans,
    one(name) {
      const [found, ...others] = spans().filter((span) => span.name === name);
      if (found && others.length === 0) return found;
      throw new Error(`not one ${name} among ${spans().map((span) => span.name)}`);
    },
    forget: () => exporter.reset(),
    stop,
  };
}
