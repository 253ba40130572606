import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectEvents } from "#kit/events/connect.ts";
import { provision } from "#kit/events/provision.ts";
import { readTools } from "../cli/up/tools.ts";
import { startCommand } from "./child.ts";
import { OTHER_CORE } from "./cores.ts";
import { createScratchFolder } from "./scratch-folder.ts";

export interface Nats {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

export interface NatsOptions {
  /** JetStream's `sync_interval`: how often it makes the disk write. Default: the server's, 2m. */
  readonly syncInterval?: string;
  /** Where the server's folder is made. Default: where the system has temporary files. */
  readonly parent?: string;
}

/** A nats-server with JetStream on disk and every stream, away from the measured core. */
export async function startNats(
  cores: string = OTHER_CORE,
  { syncInterval = "2m", parent }: NatsOptions = {},
): Promise<Nats> {
  const scratch = createScratchFolder("nats", parent);
  const folder = scratch.path;
  const { path } = readTools(join(import.meta.dirname, ".."), process.env).nats;
  const config = join(folder, "nats.conf");
  const store = JSON.stringify(join(folder, "js"));
  writeFileSync(
    config,
    `jetstream { store_dir: ${store}, sync_interval: ${JSON.stringify(syncInterval)} }\n`,
  );
  const server = ["-a", "127.0.0.1", "-p", "-1", "-c", config, "--ports_file_dir", folder];
  const child = startCommand(["taskset", "-c", cores, path, ...server, "-l", join(folder, "log")]);
  const url = await readUrl(join(folder, `nats-server_${child.pid}.ports`));
  const events = await connectEvents({ url, name: "bench" });
  await provision(events);
  await events.close();
  return {
    pid: child.pid,
    url,
    async stop() {
      await child.stop();
      scratch.remove();
    },
  };
}

/** The server writes its ports into a file named after its process. */
async function readUrl(path: string): Promise<string> {
  for (let tries = 0; tries < 500; tries++) {
    try {
      const { nats } = JSON.parse(readFileSync(path, "utf8")) as { nats?: string[] };
      if (nats?.[0]) return nats[0];
    } catch {
      // not there yet, or half written
    }
    await sleep(20);
  }
  throw new Error("nats-server did not say where it listens within 10 s");
}
