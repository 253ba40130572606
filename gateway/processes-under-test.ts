// Real gateway and Backend processes on free ports, with a real nats-server and a database of their own.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { startNats, type TestNats } from "../test/harness/nats.ts";
import { type NodeProcess, startNodeProcess } from "../test/harness/node-process.ts";
import { openStream, type TestStream } from "./gateway-under-test.ts";

const NOBODY = "127.0.0.1:9"; // no duration service: Backend answers from its baseline
const AT_ONCE = 32;
const CALL_MS = 10_000;

export type Via = "direct" | "backend";

export interface Processes {
  readonly nats: TestNats;
  readonly backend: NodeProcess;
  readonly client: Client<typeof BackendServiceDefinition>;
  /** Starts a gateway; `stop` ends it. */
  startGateway(env?: Readonly<Record<string, string>>): Promise<NodeProcess>;
  /** Kills Backend as a crash would, and brings it back at the same address with its data. */
  crashBackend(): Promise<void>;
  restartBackend(): Promise<void>;
  /** Requests so many rides, each of a rider named like its trip's place in the list. */
  requestTrips(count: number): Promise<RequestedTrip[]>;
  stop(): Promise<void>;
}

export interface RequestedTrip {
  readonly tripId: string;
  readonly riderId: string;
}

export async function startProcesses(): Promise<Processes> {
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-processes-"));
  const nats = await startNats();
  const startBackend = (listen: string) =>
    startNodeProcess("services/backend/main.ts", {
      MESH_LISTEN: listen,
      MESH_NATS: nats.url,
      MESH_ENVOY: NOBODY,
      MESH_DATABASE: `sqlite:${join(dir, "backend.db")}`,
      MESH_LOG_LEVEL: "fatal", // that duration is away is intended
    });
  let backend = await startBackend("127.0.0.1:0");
  const address = backend.listening["rpc"] ?? "";
  const client = createClient(BackendServiceDefinition, address);
  const gateways: NodeProcess[] = [];
  let requested = 0;
  const requestTrip = async (): Promise<RequestedTrip> => {
    const riderId = `rider-${++requested}`;
    const ride = { pickupZone: 74, dropoffZone: 236, passengerCount: 1, tripDistanceMiles: 3 };
    const { trip } = await client.requestTrip(
      { requestId: riderId, ride: { ...ride, pickupTime: undefined }, eventTime: undefined },
      { timeoutMs: CALL_MS, headers: { "x-rider-id": riderId } },
    );
    return { tripId: trip?.tripId ?? "", riderId };
  };
  return {
    nats,
    get backend() {
      return backend;
    },
    client,
    async startGateway(env = {}) {
      const gateway = await startNodeProcess("gateway/main.ts", {
        MESH_NATS: nats.url,
        MESH_BACKEND: address,
        MESH_GATEWAY_LISTEN: "127.0.0.1:0",
        MESH_CONSOLE_LISTEN: "127.0.0.1:0",
        MESH_LOG_LEVEL: "warn",
        ...env,
      });
      gateways.push(gateway);
      return gateway;
    },
    crashBackend: async () => void (await backend.end("SIGKILL")),
    async restartBackend() {
      backend = await startBackend(address);
    },
    requestTrips: (count) => aFewAtOnce(Array.from({ length: count }), requestTrip),
    async stop() {
      for (const gateway of gateways) await gateway.end("SIGTERM");
      client.close();
      await backend.end("SIGTERM");
      await nats.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Opens a stream of updates at a gateway. */
export function openUpdates(
  gateway: NodeProcess,
  { tripId, riderId }: RequestedTrip,
  via: Via,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestStream> {
  const url = `http://${gateway.listening["http"]}/v1/trips/${tripId}/updates?via=${via}`;
  return openStream(url, { "x-rider-id": riderId, ...headers });
}

/** Does the same with all of them, some at a time, as riders come. */
export async function aFewAtOnce<T, R>(
  list: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = list.entries();
  const worker = async () => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** Streams that the gateway says are open, from its console. */
export async function watchersOf(gateway: NodeProcess): Promise<() => number> {
  const snapshots = await openStream(`http://${gateway.listening["console"]}/api/stream`);
  return () => {
    const last = snapshots.events.findLast(({ event }) => event === "snapshot");
    return last ? (JSON.parse(last.data) as { watchers: number }).watchers : -1;
  };
}

/** Sockets that a process has open. */
export function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => isSocket(join(folder, fd))).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false; // closed meanwhile
  }
}

/** Resident memory of a process, MiB. */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
