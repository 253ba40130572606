import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectEvents } from "#kit/events/connect.ts";
import { provision } from "#kit/events/provision.ts";
import { readTools } from "../cli/up/tools.ts";
import { startCommand } from "./child.ts";
import { OTHER_CORE } from "./cores.ts";
import { createScratchFolder } from "./scratch-folder.ts";

export interface Nats {
  readonly url: string;
  stop(): Promise<void>;
}

/** A nats-server with JetStream on disk and every stream, away from the measured core. */
export async function startNats(cores: string = OTHER_CORE): Promise<Nats> {
  const scratch = createScratchFolder("nats");
  const folder = scratch.path;
  const { path } = readTools(join(import.meta.dirname, ".."), process.env).nats;
  const server = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder, "--ports_file_dir", folder];
  const child = startCommand(["taskset", "-c", cores, path, ...server, "-l", join(folder, "log")]);
  const url = await readUrl(join(folder, `nats-server_${child.pid}.ports`));
  const events = await connectEvents({ url, name: "bench" });
  await provision(events);
  await events.close();
  return {
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
