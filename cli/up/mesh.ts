import { join } from "node:path";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { OPERATOR } from "#kit/events/users.ts";
import { serveInstances } from "#kit/instances/over-nats-server.ts";
import { prepareRunDir, trafficLayerFile, writeEndpoints } from "../../envoy/run-files.ts";
import { batchEnv } from "./batch-env.ts";
import { createDurables, type Durables } from "./durables.ts";
import { createEndpoints } from "./endpoints.ts";
import { envoyLaunch, saveTraffic } from "./envoy.ts";
import { createEnvoyHosts } from "./envoy-hosts.ts";
import { createLocalInstances, type LocalInstances } from "./instances.ts";
import { createPidFiles } from "./leftovers.ts";
import type { LogPrinter } from "./log-printer.ts";
import { type MeshFile, writeMeshFile } from "./mesh-file.ts";
import { createMeshProcess, inheritedEnv } from "./mesh-process.ts";
import { natsLaunch } from "./nats.ts";
import { writeNatsConfig } from "./nats-config.ts";
import { keyFile, writeNatsUsers } from "./nats-users.ts";
import type { UpOptions } from "./options.ts";
import { createParts } from "./parts.ts";
import { HOST, type PublicPorts } from "./ports.ts";
import type { Progress } from "./progress.ts";
import { edgeChecks, untilReady } from "./readiness.ts";
import { chooseTrips, type ReplayTrips, startReplay } from "./replay.ts";
import { createScrapeTargets, targetsFile } from "./scrape-targets.ts";
import { createMeshTelemetry } from "./telemetry.ts";
import type { Tools } from "./tools.ts";
import { deploymentsOf, prepareEvents } from "./traffic.ts";
import { watchHealth } from "./watch-health.ts";

export interface MeshDependencies {
  readonly options: UpOptions;
  readonly tools: Tools;
  /** 0: the kernel chooses. */
  readonly ports: PublicPorts;
  readonly progress: Progress;
  readonly print: LogPrinter;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

type EnvoyAddresses = Pick<MeshFile, "edge" | "mesh" | "admin">;

/** What a started mesh is. */
export interface Started {
  readonly addresses: MeshFile;
  /** Undefined without a replay. */
  readonly trips: ReplayTrips | undefined;
}

export interface Mesh {
  /** Starts everything in order and resolves once riders are served. */
  start(): Promise<Started>;
  /** Resolves when the replay has come to its end. */
  readonly replayed: Promise<void>;
  /** How many run now. */
  processes(): number;
  stop(): Promise<void>;
  kill(): void;
}

/** The whole mesh as processes of this machine. */
export function createMesh(dependencies: MeshDependencies): Mesh {
  const { options, tools, ports, progress, print, env, signal } = dependencies;
  const { root, dataDir, autoPorts } = options;
  const runDir = join(dataDir, "run");
  const envoyDir = join(dataDir, "envoy");
  const endpoints = createEndpoints((cluster, at) => writeEndpoints(envoyDir, cluster, at));
  const inherited = inheritedEnv(env);
  const telemetry = createMeshTelemetry({
    env,
    port: ports.otlp,
    traceRate: options.traceRate,
    metrics: options.metrics,
    setCollector: (at) => endpoints.set("collector", "collector", at),
  });
  const launchPlain = createMeshProcess({ root, node: tools.node, env: inherited });
  const launch: typeof launchPlain = (name, main, own) =>
    launchPlain(name, main, { ...telemetry.env(), ...own });
  const replayed = Promise.withResolvers<void>();
  const pidFiles = createPidFiles(runDir);
  const targets = options.metrics ? createScrapeTargets(targetsFile(dataDir)) : undefined;
  let addresses: Omit<MeshFile, "pids"> | undefined;
  let natsHealth: string | undefined;
  const keepers: { stop(): Promise<void> }[] = [];

  const writeMesh = (): MeshFile | undefined => {
    if (!addresses || signal.aborted) return undefined;
    const mesh = { ...addresses, pids: parts.pids() };
    writeMeshFile(dataDir, mesh);
    return mesh;
  };
  const parts = createParts({
    logDir: join(dataDir, "logs"),
    print,
    onPid: (name, pid) => {
      pidFiles.set(name, pid);
      writeMesh(); // also without it: the number may be another process's tomorrow
    },
    onPlace: (name, listening) => {
      if (listening) targets?.set(name, listening);
      else targets?.remove(name);
    },
  });

  async function startNats(): Promise<string> {
    const config = writeNatsConfig(dataDir, {
      storeDir: join(dataDir, "nats"),
      syncInterval: options.syncInterval,
      users: writeNatsUsers(dataDir),
    });
    const listening = await parts.start({
      name: "nats",
      stage: "nats",
      launch: (last) =>
        natsLaunch(
          {
            binary: tools.nats.path,
            config,
            runDir,
            port: ports.nats,
            env: inherited,
            operatorKey: keyFile(dataDir, OPERATOR),
          },
          last,
        ),
      onReady: ({ health }) => {
        natsHealth = health;
      },
    });
    keepers.push(
      watchHealth({ url: () => natsHealth, onSick: (reason) => parts.restart("nats", reason) }),
    );
    return listening["nats"] ?? "";
  }

  async function startEnvoy(traffics: readonly Traffic[]): Promise<EnvoyAddresses> {
    prepareRunDir(envoyDir);
    saveTraffic(envoyDir, traffics);
    const {
      edge = "",
      mesh = "",
      admin = "",
    } = await parts.start({
      name: "envoy",
      stage: "envoy",
      launch: (last) =>
        envoyLaunch(
          {
            binary: tools.envoy.path,
            runDir: envoyDir,
            ports,
            env: inherited,
            traceRate: options.traceRate,
          },
          last,
        ),
    });
    await telemetry.begin();
    return { edge, mesh, admin };
  }

  async function startBackend(nats: string, envoy: EnvoyAddresses) {
    const listening = await parts.start({
      name: "backend",
      stage: "backend",
      launch: (last) =>
        launch("backend", "services/backend/main.ts", {
          MESH_LISTEN: last?.["rpc"] ?? `${HOST}:${ports.backend}`,
          MESH_NATS: nats,
          MESH_NATS_KEY: keyFile(dataDir, "backend"),
          MESH_ENVOY: envoy.mesh,
          MESH_DATABASE: options.database ?? `sqlite:${join(dataDir, "backend.db")}`,
          MESH_MODELS: "models",
          MESH_REPLAY: "1",
        }),
      onReady: (at) => endpoints.set("backend", "backend", at["rpc"]),
      onExit: () => endpoints.set("backend", "backend", undefined),
    });
    return listening["rpc"] ?? "";
  }

  async function startGateway(nats: string, envoy: EnvoyAddresses, trips: ReplayTrips | undefined) {
    const listening = await parts.start({
      name: "gateway",
      stage: "gateway",
      launch: (last) =>
        launch("gateway", "gateway/main.ts", {
          MESH_NATS: nats,
          MESH_NATS_KEY: keyFile(dataDir, "gateway"),
          MESH_REPORT_KEY: keyFile(dataDir, "report"),
          MESH_BACKEND: envoy.edge,
          MESH_ROLLOUT: envoy.mesh,
          MESH_GATEWAY_LISTEN: `${HOST}:0`,
          MESH_CONSOLE_LISTEN: last?.["console"] ?? `${HOST}:${ports.console}`,
          MESH_ENVOY_ADMIN: envoy.admin,
          MESH_MODELS: join(root, "models"),
          MESH_REPLAY: "1",
          ...batchEnv(env, options.cwd),
          ...telemetry.gatewayEnv(last),
          ...(trips ? { MESH_TRIPS_KIND: trips.kind } : {}),
        }),
      onReady: (at) => {
        endpoints.set("gateway", "gateway", at["http"]);
        telemetry.gatewayIs(at);
      },
      onExit: () => {
        endpoints.set("gateway", "gateway", undefined);
        telemetry.gatewayIs(undefined);
      },
    });
    return listening["console"] ?? "";
  }

  /** The rollout service, which hands traffic to Envoy: from here on it may deploy, shift and retire. */
  async function startRollout(nats: string, envoy: EnvoyAddresses): Promise<string> {
    const listening = await parts.start({
      name: "rollout",
      stage: "rollout",
      launch: (last) =>
        launch("rollout", "services/rollout/main.ts", {
          MESH_LISTEN: last?.["rpc"] ?? `${HOST}:${ports.rollout}`,
          MESH_NATS: nats,
          MESH_NATS_KEY: keyFile(dataDir, "rollout"),
          MESH_ENVOY: envoy.mesh,
          MESH_ENVOY_ADMIN: envoy.admin,
          MESH_TRAFFIC_FILE: trafficLayerFile(envoyDir),
          MESH_MODELS: join(root, "models"),
          MESH_KEEP_WARM_SECONDS: String(options.keepWarmSeconds),
        }),
      onReady: (at) => endpoints.set("rollout", "rollout", at["rpc"]),
      onExit: () => endpoints.set("rollout", "rollout", undefined),
    });
    return listening["rpc"] ?? "";
  }

  const warn = (message: string) =>
    print("mesh", { time: new Date(), level: "warn", message, fields: {} });

  /** The operator's connection, and the durables, which are the business of whoever runs the slots. */
  async function openDurables(nats: string) {
    const key = keyFile(dataDir, OPERATOR);
    const events = await connectEvents({ url: nats, name: OPERATOR, keyFile: key });
    const durables = createDurables({ events, say: warn });
    keepers.push({
      async stop() {
        await durables.stop();
        await events.connection.close();
      },
    });
    return { events, durables };
  }

  function createInstances(nats: string, admin: string, durables: Durables): LocalInstances {
    return createLocalInstances({
      parts,
      launch,
      durables,
      endpoints,
      hosts: createEnvoyHosts(admin),
      modelsDir: join(root, "models"),
      natsUrl: nats,
      natsKey: (user) => keyFile(dataDir, user),
      autoPorts,
      processesOf: (service) => (service === "duration" ? 1 : options.consumers),
      signal,
    });
  }

  /** From here on the rollout service may deploy and retire. */
  function openInstances(events: Events, instances: LocalInstances): void {
    const server = serveInstances(events, instances, {
      onError: (message, cause) => warn(`${message}: ${cause}`),
    });
    keepers.unshift({ stop: async () => server.stop() }); // before its connection
  }

  return {
    replayed: replayed.promise,
    processes: () => Object.keys(parts.pids()).length,
    async start() {
      const trips = options.replay
        ? await progress.step("trips to replay", () => chooseTrips(options, progress.say))
        : undefined;
      const nats = await progress.step("NATS with JetStream", startNats);
      const traffics = await progress.step("streams and traffic", () =>
        prepareEvents(nats, keyFile(dataDir, OPERATOR)),
      );
      const deployments = deploymentsOf(traffics);
      const envoy = await progress.step("Envoy", () => startEnvoy(traffics));
      const { events, durables } = await openDurables(nats);
      const instances = createInstances(nats, envoy.admin, durables);
      // First: all others send their spans to it.
      const operators = await progress.step("gateway", () => startGateway(nats, envoy, trips));
      const [backend] = await Promise.all([
        progress.step("backend", () => startBackend(nats, envoy)),
        progress.step("models", () => instances.resume(deployments)),
      ]);
      openInstances(events, instances);
      const rollout = await progress.step("rollout", () => startRollout(nats, envoy));
      await progress.step("first quote through the edge", () =>
        untilReady(edgeChecks(envoy.edge), { withinMs: 30_000, signal }),
      );
      if (trips) {
        await progress.step("replay", () =>
          startReplay({
            options,
            trips,
            deployments,
            parts,
            launch,
            edge: envoy.edge,
            onFinished: () => replayed.resolve(),
          }),
        );
      }
      const { edge, mesh, admin } = envoy;
      const otlp = telemetry.address();
      addresses = { edge, mesh, admin, nats, console: operators, backend, rollout, otlp };
      const written = writeMesh();
      if (!written) throw signal.reason;
      return { addresses: written, trips };
    },
    async stop() {
      await Promise.all(keepers.map((keeper) => keeper.stop()));
      await parts.stopAll();
    },
    kill: () => parts.killAll(),
  };
}
