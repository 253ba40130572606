import type { JsMsg } from "@nats-io/jetstream";
import type { MsgHdrs } from "@nats-io/transport-node";
import {
  context,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import { attribute } from "#kit/telemetry/attributes.ts";
import { inSpan } from "#kit/telemetry/span.ts";
import { isSampled, readTraceparent, toTraceparent } from "#kit/telemetry/trace-context.ts";
import { decided } from "#kit/telemetry/trace-decision.ts";
import { isTracing, tracer } from "#kit/telemetry/tracer.ts";
import { withTrip } from "#kit/telemetry/trip-context.ts";

/** A message that is about to be published. */
export interface Outgoing {
  readonly subject: string;
  /** Its message id. */
  readonly id: string;
  /** What it is the effect of; empty where that is not recorded. */
  readonly traceparent: string;
}

/**
 * Publishes in a span of its own, whose context the message takes along; without a trace to go on with, plainly.
 * `publish` gets the message's `traceparent`, empty for none.
 */
export async function tracePublish<T>(
  { subject, id, traceparent }: Outgoing,
  publish: (traceparent: string) => Promise<T>,
): Promise<T> {
  const cause = isTracing() ? recorded(traceparent) : undefined;
  if (!cause) return publish(traceparent);
  const span = tracer.startSpan(
    `publish ${templateOf(subject)}`,
    { kind: SpanKind.PRODUCER, attributes: sending(subject, id) },
    trace.setSpanContext(ROOT_CONTEXT, cause),
  );
  return inSpan(span, () => publish(toTraceparent(span.spanContext())));
}

/** The causes that a message of many is linked to, at most so many: the others are as good. */
const MAX_LINKS = 32;

/**
 * Publishes what many traces left, in one message: it belongs to none of them, so it is a trace of its own that
 * is linked to all, recorded when one of them is.
 */
export async function tracePublishOfMany<T>(
  { subject, id, causes }: Omit<Outgoing, "traceparent"> & { readonly causes: readonly string[] },
  publish: (traceparent: string) => Promise<T>,
): Promise<T> {
  const links = isTracing() ? linksTo(causes) : [];
  if (links.length === 0) return publish("");
  const span = tracer.startSpan(
    `publish ${templateOf(subject)}`,
    {
      kind: SpanKind.PRODUCER,
      attributes: { ...sending(subject, id), [attribute.messagingBatchSize]: causes.length },
      links,
    },
    decided(ROOT_CONTEXT, true),
  );
  return inSpan(span, () => publish(toTraceparent(span.spanContext())));
}

/**
 * Handles a message in a span that goes on with its producer's trace: one message has one cause, so the producer
 * is parent and link at once, the parent for those who read one trace, the link for tools that expect it.
 */
export function traceProcess<T>(
  message: Pick<JsMsg, "headers" | "subject" | "info">,
  work: () => Promise<T>,
): Promise<T> {
  const producer = isTracing() ? recorded(traceparentOf(message)) : undefined;
  if (!producer) return work();
  const { subject, info } = message;
  const above = trace.setSpanContext(ROOT_CONTEXT, producer);
  const span = tracer.startSpan(
    `process ${templateOf(subject)}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        [attribute.messagingSystem]: "nats",
        [attribute.messagingOperationType]: "process",
        [attribute.messagingOperation]: "process",
        [attribute.messagingDestination]: subject,
        [attribute.messagingTemplate]: templateOf(subject),
        [attribute.messagingGroup]: info.consumer,
        [attribute.deliveries]: info.deliveryCount,
      },
      links: [{ context: producer }],
    },
    above,
  );
  const inside = withTrip(trace.setSpan(above, span), "");
  return context.with(inside, () => inSpan(span, work));
}

/** The trace context of a message; empty for none. */
export function traceparentOf({ headers }: { readonly headers?: MsgHdrs | undefined }): string {
  return headers?.get("traceparent") ?? "";
}

/** A subject without its trip, so that spans of a kind have one name: `trips.*.requested`. */
export function templateOf(subject: string): string {
  const tokens = subject.split(".");
  const at = { trips: 1, predictions: 3, redo: 3 }[tokens[0] ?? ""];
  if (at !== undefined && at < tokens.length) tokens[at] = "*";
  return tokens.join(".");
}

function recorded(traceparent: string): SpanContext | undefined {
  const parsed = readTraceparent(traceparent);
  return parsed && isSampled(parsed) ? parsed : undefined;
}

function linksTo(causes: readonly string[]): Link[] {
  return causes
    .slice(0, MAX_LINKS)
    .map(recorded)
    .flatMap((cause) => (cause ? [{ context: cause }] : []));
}

function sending(subject: string, id: string) {
  return {
    [attribute.messagingSystem]: "nats",
    [attribute.messagingOperationType]: "send",
    [attribute.messagingOperation]: "publish",
    [attribute.messagingDestination]: subject,
    [attribute.messagingTemplate]: templateOf(subject),
    [attribute.messagingId]: id,
  };
}
