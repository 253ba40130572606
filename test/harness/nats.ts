import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { provision } from "#kit/events/provision.ts";
import { tools } from "./tools.ts";

/** A real nats-server of the test's own. */
export interface TestNats {
  readonly url: string;
  /** Connections made by `connect` are closed by `stop`. */
  connect(name?: string): Promise<Events>;
  /** How many subscriptions the connections of a name have. */
  subscriptions(name: string): Promise<number>;
  /** Kills the server as a crash would. */
  kill(): Promise<void>;
  /** Brings it back at the same address, with its data, or with none as after a lost disk. */
  restart(options?: { readonly lost: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** Starts nats-server with JetStream on disk at a free port, provisioned with the streams of the mesh. */
export async function startNats(): Promise<TestNats> {
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-nats-"));
  let { child, url, monitor } = await launch(dir, "-1");
  const connections: Events[] = [];
  const kill = async () => {
    const gone = once(child, "exit");
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await gone;
    }
  };
  const connect = async (name = "test") => {
    const events = await connectEvents({ url, name });
    connections.push(events);
    return events;
  };
  await provision(await connect("provision"));
  return {
    get url() {
      return url;
    },
    connect,
    async subscriptions(name) {
      const response = await fetch(`${monitor}/connz`);
      const { connections: all } = (await response.json()) as {
        connections: { name?: string; subscriptions: number }[];
      };
      const own = all.filter((connection) => connection.name === name);
      return own.reduce((sum, { subscriptions }) => sum + subscriptions, 0);
    },
    kill,
    async restart({ lost } = { lost: false }) {
      if (lost) await rm(join(dir, "js"), { recursive: true, force: true });
      ({ child, url, monitor } = await launch(dir, new URL(url).port));
      if (lost) await provision(await connect("provision-again"));
    },
    async stop() {
      await Promise.all(connections.map((events) => events.connection.close()));
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function launch(dir: string, port: string) {
  const args = [
    "-a",
    "127.0.0.1",
    "-p",
    port,
    "-m",
    "-1",
    "-js",
    "-sd",
    join(dir, "js"),
    "--ports_file_dir",
    dir,
  ];
  const child = spawn(tools().nats.path, args, { stdio: "ignore" });
  const file = `nats-server_${child.pid}.ports`;
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (child.exitCode !== null) throw new Error(`nats-server exited with ${child.exitCode}`);
    if ((await readdir(dir)).includes(file)) {
      const text = await readFile(join(dir, file), "utf8");
      if (text.endsWith("}")) {
        const { nats, monitoring } = JSON.parse(text) as { nats: [string]; monitoring: [string] };
        return { child, url: nats[0], monitor: monitoring[0] };
      }
    }
    await sleep(10);
  }
  child.kill("SIGKILL");
  throw new Error("nats-server did not become ready");
}
