import { headers, type MsgHdrs } from "@nats-io/transport-node";

/** What a message is about, as CloudEvents attributes; standard tools can route by them. */
export interface EventHeaders {
  /** Unique id of the event. */
  readonly id: string;
  /** Kind of the event, e.g. `tripmesh.trip.requested`. */
  readonly type: string;
  /** Who made it, e.g. `backend`. */
  readonly source: string;
  /** What it is about: the trip. */
  readonly subject: string;
  /** When it happened. */
  readonly time: Date;
  /** W3C trace context of the request behind it, if there was one. */
  readonly traceparent?: string;
}

/** CloudEvents 1.0, binary mode over NATS, plus the trace context. */
export function eventHeaders(event: EventHeaders): MsgHdrs {
  const hdrs = headers();
  hdrs.set("ce-specversion", "1.0");
  hdrs.set("ce-id", event.id);
  hdrs.set("ce-type", event.type);
  hdrs.set("ce-source", `/tripmesh/${event.source}`);
  hdrs.set("ce-subject", event.subject);
  hdrs.set("ce-time", event.time.toISOString());
  hdrs.set("ce-datacontenttype", "application/protobuf");
  if (event.traceparent) hdrs.set("traceparent", event.traceparent);
  return hdrs;
}
