import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { connectEvents } from "#kit/events/connect.ts";
import { OPERATOR } from "#kit/events/users.ts";
import type { Launch, Listening } from "./child.ts";
import { HOST } from "./ports.ts";

export interface NatsOptions {
  readonly binary: string;
  /** The server's configuration; see nats-config.ts. */
  readonly config: string;
  /** Where the server tells which port it got. */
  readonly runDir: string;
  /** 0: the kernel chooses. */
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  /** File with the operator's key, where the configuration has users. */
  readonly operatorKey?: string;
}

/** How to run nats-server with JetStream on disk; a restarted one keeps the port that it had. */
export function natsLaunch(options: NatsOptions, last: Listening | undefined): Launch {
  const port = last?.["nats"] ? new URL(last["nats"]).port : options.port || -1;
  return {
    name: "nats",
    command: options.binary,
    args: [
      ...["-a", HOST, "-p", String(port)],
      ...["-c", options.config],
      ...["-m", "-1"], // health; listens where the server does
      ...["--ports_file_dir", options.runDir],
    ],
    env: options.env,
    cwd: options.runDir,
    ready: async (pid, signal) => {
      const { nats, health } = await readUrls(
        join(options.runDir, `nats-server_${pid}.ports`),
        signal,
      );
      await jetStreamAnswers(nats, options.operatorKey, signal);
      return { nats, health };
    },
  };
}

/** The server writes its ports into a file named after its process. */
async function readUrls(
  path: string,
  signal: AbortSignal,
): Promise<{ nats: string; health: string }> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const ports = JSON.parse(await readFile(path, "utf8")) as Record<
        string,
        string[] | undefined
      >;
      const nats = ports["nats"]?.[0];
      const monitoring = ports["monitoring"]?.[0];
      if (nats && monitoring) return { nats, health: `${monitoring}/healthz` };
    } catch {
      // not there yet, or half written
    }
    await sleep(10, undefined, { signal });
  }
}

/** A server that listens may still be reading its streams: only an answer of JetStream counts. */
async function jetStreamAnswers(
  url: string,
  operatorKey: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const events = await connectEvents({
        url,
        name: OPERATOR,
        keyFile: operatorKey,
        waitForServer: false,
      });
      try {
        await (await jetstreamManager(events.connection, { timeout: 1_000 })).getAccountInfo();
        return;
      } finally {
        await events.close();
      }
    } catch {
      await sleep(50, undefined, { signal });
    }
  }
}
