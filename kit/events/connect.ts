import { type JetStreamClient, jetstream } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";

/** A connection to the event stream. */
export interface Events {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** `nats://host:port`. */
  readonly url: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  /**
   * Keep trying until the server is there (default), or fail when it is not. Once connected, a lost
   * connection is always mended: the library's default of ten tries would give up for good.
   */
  readonly waitForServer?: boolean;
}

export async function connectEvents(options: ConnectOptions): Promise<Events> {
  const connection = await connect({
    servers: options.url,
    name: options.name,
    inboxPrefix: `_INBOX_${options.name.replaceAll(/[^a-z0-9]/gi, "_")}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    pingInterval: 10_000,
    waitOnFirstConnect: options.waitForServer ?? true,
  });
  return {
    connection,
    js: jetstream(connection, { timeout: 5_000 }),
    async close() {
      if (connection.isClosed()) return;
      await connection.drain();
    },
  };
}
