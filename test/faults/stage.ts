// The streaming half of the mesh with everything real, under the supervisor of `mesh up`, with a bad network
// between each process and the event stream.

import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { provision, provisionSlot } from "#kit/events/provision.ts";
import { durableName } from "#kit/events/subjects.ts";
import { OPERATOR } from "#kit/events/users.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import { consumerServices, firstTraffic } from "#kit/traffic/traffic.ts";
import { createDurables } from "../../cli/up/durables.ts";
import { createMeshProcess, inheritedEnv } from "../../cli/up/mesh-process.ts";
import { natsLaunch } from "../../cli/up/nats.ts";
import { writeNatsConfig } from "../../cli/up/nats-config.ts";
import { keyFile, writeNatsUsers } from "../../cli/up/nats-users.ts";
import { watchHealth } from "../../cli/up/watch-health.ts";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";
import { tools } from "../harness/tools.ts";
import type { Deployed } from "./history.ts";
import { type Part, startPart } from "./part.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export const topologies = ["single", "cluster", "postgres", "small-disk"] as const;
/**
 * `single`: one NATS server, Backend on SQLite. `cluster`: three servers with the production configuration,
 * every stream three times. `postgres`: two Backends on one Postgres. `small-disk`: `single` on disks that
 * can be filled.
 */
export type Topology = (typeof topologies)[number];

export interface Stage {
  readonly topology: Topology;
  readonly dir: string;
  readonly nats: readonly Part[];
  readonly backends: readonly Part[];
  readonly gateway: Part;
  /** Every process of every consumer, by name: `tip-blue`, `tip-blue-2` … */
  readonly consumers: readonly Part[];
  /** The network between a process and the event stream, by the process's name; none in a cluster. */
  readonly networks: ReadonlyMap<string, TcpProxy>;
  /** The network between the gateway and Backend. */
  readonly backendNetwork: TcpProxy;
  readonly deployed: readonly Deployed[];
  readonly clients: readonly Client<typeof BackendServiceDefinition>[];
  readonly postgres: TestPostgres | undefined;
  readonly disks: { readonly nats: SmallDisk; readonly backend: SmallDisk } | undefined;
  /** The operator's own connection, which no fault touches. */
  readonly events: Events;
  gatewayAddress(): string;
  /** Gives the arms of tip's riders other shares. */
  shiftTip(blue: number): Promise<void>;
  /** The copy of the single server's store that `nats` will start with when it is killed next. */
  storeDir: string;
  /** How often a process died so far, all together. */
  deaths(): number;
  stop(): Promise<void>;
}

export interface StageOptions {
  /** Source file that every consumer process loads first; makes a build that is broken on purpose. */
  readonly brokenBy?: string | undefined;
}

const root = new URL("../..", import.meta.url).pathname;
const slots: readonly (Deployed & { readonly processes: number })[] = [
  { service: "tip", slot: "blue", version: "v1", processes: 2 },
  { service: "tip", slot: "green", version: "v2", processes: 1 },
  { service: "cost", slot: "blue", version: "v1", processes: 1 },
  { service: "dynamic-duration", slot: "blue", version: "v1", processes: 1 },
];

export async function startStage(topology: Topology, options: StageOptions = {}): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  try {
    return await build(topology, options, stack);
  } catch (cause) {
    await stack.disposeAsync();
    throw cause;
  }
}

async function build(
  topology: Topology,
  { brokenBy }: StageOptions,
  stack: AsyncDisposableStack,
): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), "tripmesh-faults-"));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const logDir = join(dir, "logs");
  mkdirSync(logDir);
  const env = inheritedEnv(process.env);
  const launch = createMeshProcess({ root, node: process.execPath, env });
  const part = async (name: string, make: Parameters<typeof startPart>[0]["launch"]) =>
    stack.adopt(await startPart({ name, launch: make, logDir }), (it) => it.stop());

  const disks =
    topology === "small-disk"
      ? {
          nats: stack.adopt(mountSmallDisk(join(dir, "nats"), 24), (it) => it.unmount()),
          backend: stack.adopt(mountSmallDisk(join(dir, "trips"), 8), (it) => it.unmount()),
        }
      : undefined;
  const users = writeNatsUsers(dir);
  const nats = topology === "cluster" ? await startCluster() : [await startSingle()];
  for (const server of nats) {
    const watching = watchHealth({
      url: () => server.listening()["health"],
      onSick: () => server.restartSick(),
    });
    stack.defer(() => watching.stop());
  }
  const urls = nats.map((one) => one.listening()["nats"] ?? "");

  const events = stack.adopt(
    await connectEvents({ url: urls.join(), name: OPERATOR, keyFile: keyFile(dir, OPERATOR) }),
    (it) => it.connection.close(),
  );
  await provision(events, { replicas: topology === "cluster" ? 3 : 1 });
  for (const { service, slot } of slots) await provisionSlot(events, service, slot, "all");
  const bucket = await openTrafficBucket(events);
  for (const service of consumerServices) await bucket.put(firstTraffic(service));
  const shiftTip = async (blue: number) => {
    const traffic = await bucket.get("tip");
    if (!traffic?.blue || !traffic.green) throw new Error("no traffic");
    await bucket.put({
      ...traffic,
      blue: { ...traffic.blue, version: "v1", weight: blue },
      green: { ...traffic.green, version: "v2", weight: 10_000 - blue },
    });
  };
  await shiftTip(6_000);
  const durables = createDurables({ events, say: () => undefined, everyMs: 500 });
  for (const slot of slots) durables.adopt(slot);
  stack.defer(() => durables.stop());

  const networks = new Map<string, TcpProxy>();
  /** What a process needs to reach the event stream as itself. */
  const streamEnv = async (name: string, user: string) => {
    const key = { MESH_NATS_KEY: keyFile(dir, user) };
    if (topology === "cluster") return { MESH_NATS: urls.join(), ...key };
    const proxy = stack.adopt(await startTcpProxy(() => new URL(urls[0] ?? "").host), (it) =>
      it.close(),
    );
    networks.set(name, proxy);
    return { MESH_NATS: `nats://${proxy.address}`, ...key };
  };

  const duration = await startModel("duration", "blue", "v1", 0);
  const postgres =
    topology === "postgres" ? stack.adopt(await startPostgres(), (it) => it.stop()) : undefined;
  const backends: Part[] = [];
  for (let index = 0; index < (postgres ? 2 : 1); index++) backends.push(await startBackend(index));
  const consumers = (
    await Promise.all(
      slots.flatMap(({ service, slot, version, processes }) =>
        Array.from({ length: processes }, (_, index) => startModel(service, slot, version, index)),
      ),
    )
  ).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const backendNetwork = stack.adopt(
    await startTcpProxy(() => backends[0]?.listening()["rpc"] ?? ""),
    (it) => it.close(),
  );
  const gatewayEnv = await streamEnv("gateway", "gateway");
  const gateway = await part("gateway", (last) =>
    launch("gateway", "gateway/main.ts", {
      ...gatewayEnv,
      MESH_BACKEND: backendNetwork.address,
      MESH_GATEWAY_LISTEN: last?.["http"] ?? "127.0.0.1:0",
      MESH_CONSOLE_LISTEN: last?.["console"] ?? "127.0.0.1:0",
      MESH_REPLAY: "1",
    }),
  );
  const clients = backends.map((backend) =>
    stack.adopt(createClient(BackendServiceDefinition, backend.listening()["rpc"] ?? ""), (it) =>
      it.close(),
    ),
  );

  async function startSingle(): Promise<Part> {
    const storeDir = join(dir, "nats", "store");
    const config = writeNatsConfig(dir, { storeDir, syncInterval: "1s", users });
    return part("nats", (last) =>
      natsLaunch(
        {
          binary: tools().nats.path,
          config,
          runDir: dir,
          port: 0,
          env,
          operatorKey: keyFile(dir, OPERATOR),
        },
        last,
      ),
    );
  }

  /** Three servers with the configuration that production is told to use. */
  async function startCluster(): Promise<Part[]> {
    cpSync(join(root, "deploy/nats/cluster.conf"), join(dir, "cluster.conf"));
    const ports = await freePorts(6);
    const routes = JSON.stringify(ports.slice(3).map((port) => `nats://127.0.0.1:${port}`));
    return Promise.all(
      ports.slice(0, 3).map((port, index) => {
        const name = `nats-${index}`;
        const runDir = join(dir, name);
        mkdirSync(runDir);
        const own = {
          NATS_NAME: name,
          NATS_LISTEN: `127.0.0.1:${port}`,
          NATS_HTTP: "127.0.0.1:-1",
          NATS_STORE: join(runDir, "store"),
          NATS_MAX_FILE: "1GB",
          NATS_CLUSTER_LISTEN: `127.0.0.1:${ports[3 + index]}`,
          NATS_ROUTES: routes,
        };
        return part(name, (last) =>
          natsLaunch(
            {
              binary: tools().nats.path,
              config: join(dir, "cluster.conf"),
              runDir,
              port,
              env: { ...env, ...own },
              operatorKey: keyFile(dir, OPERATOR),
            },
            last,
          ),
        );
      }),
    );
  }

  async function startBackend(index: number): Promise<Part> {
    const name = index === 0 ? "backend" : `backend-${index + 1}`;
    const own = await streamEnv(name, "backend");
    return part(name, (last) =>
      launch(name, "services/backend/main.ts", {
        ...own,
        MESH_LISTEN: last?.["rpc"] ?? "127.0.0.1:0",
        MESH_ENVOY: duration.listening()["rpc"] ?? "", // whoever answers Predict
        MESH_DATABASE: postgres?.url ?? `sqlite:${join(dir, "trips", "backend.db")}`,
        MESH_REPLAY: "1",
      }),
    );
  }

  async function startModel(
    service: string,
    slot: "blue" | "green",
    version: string,
    index: number,
  ): Promise<Part> {
    const user = durableName(service, slot);
    const name = index === 0 ? user : `${user}-${index + 1}`;
    const own = await streamEnv(name, user);
    const broken =
      brokenBy === undefined || service === "duration"
        ? {}
        : { NODE_OPTIONS: `--import ${brokenBy}` };
    return part(name, (last) =>
      launch(name, `services/${service}/main.ts`, {
        ...own,
        ...broken,
        MESH_SLOT: slot,
        MESH_MODEL_DIR: `models/${service}/${version}`,
        MESH_LISTEN: last?.["rpc"] ?? "127.0.0.1:0",
      }),
    );
  }

  const everything = [...nats, ...backends, gateway, ...consumers];
  return {
    topology,
    dir,
    nats,
    backends,
    gateway,
    consumers,
    networks,
    backendNetwork,
    deployed: slots,
    clients,
    postgres,
    disks,
    events,
    gatewayAddress: () => gateway.listening()["http"] ?? "",
    shiftTip,
    storeDir: join(dir, "nats", "store"),
    deaths: () => everything.reduce((sum, { deaths }) => sum + deaths(), 0),
    stop: () => stack.disposeAsync(),
  };
}

/** The servers of a cluster must know each other's ports before they start. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
