import { readFile } from "node:fs/promises";
import { type JetStreamClient, jetstream } from "@nats-io/jetstream";
import { connect, type NatsConnection, nkeyAuthenticator } from "@nats-io/transport-node";
import { MeshError } from "#kit/rpc/errors.ts";
import { inboxPrefix } from "./users.ts";

/** A connection to the event stream. */
export interface Events {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** `nats://host:port`; of a cluster several, with commas between them. */
  readonly url: string;
  /** Shown in the server's connection list; also names the inbox that replies come to. */
  readonly name: string;
  /** File with the seed of the user's nkey, where the server asks for one. */
  readonly keyFile?: string | undefined;
  /**
   * Keep trying until the server is there (default), or fail when it is not. Once connected, a lost
   * connection is always mended: the library's default of ten tries would give up for good.
   */
  readonly waitForServer?: boolean;
}

export async function connectEvents(options: ConnectOptions): Promise<Events> {
  const { keyFile } = options;
  const seed = keyFile === undefined ? undefined : await readSeed(keyFile);
  const connection = await connect({
    servers: options.url.split(","),
    name: options.name,
    inboxPrefix: inboxPrefix(options.name),
    ...(seed ? { authenticator: nkeyAuthenticator(seed) } : {}),
    // Else the library takes two stack traces for every request, in case it should fail: a third of a
    // consumer's main thread (38 µs an event instead of 27, tip in bench/consumer-rate.ts).
    noAsyncTraces: true,
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

async function readSeed(path: string): Promise<Uint8Array> {
  const seed = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new MeshError(
      "FAILED_PRECONDITION",
      `the key of the event stream, ${path}, cannot be read`,
      {
        cause,
      },
    );
  });
  return Buffer.from(seed.trim());
}
