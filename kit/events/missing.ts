import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";

/** Whether the server says that there is no such stream or durable, rather than that something is wrong. */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.ConsumerNotFound ||
      error.code === JetStreamApiCodes.StreamNotFound)
  );
}
