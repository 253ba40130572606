// A real Envoy on free ports for a test, with real servers behind it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { type Registration, type RpcServer, serve } from "#kit/rpc/server.ts";
import { createLog } from "#kit/telemetry/log.ts";
import { type EnvoyOptions, renderEnvoy } from "./render.ts";
import { prepareRunDir, writeEndpoints } from "./run-files.ts";
import { type RunningEnvoy, startEnvoy } from "./start.ts";

const toolsFile = new URL("../.tools/tools.json", import.meta.url);

/** Its end, and that nobody serves the rtds layer, which most trials do without. */
const EXPECTED =
  /ENVOY_SIGTERM|gRPC config stream to rollout closed|initial fetch timed out for .*\.Runtime/;

export interface Trial {
  readonly envoy: RunningEnvoy;
  readonly runDir: string;
  /** Puts these servers, and no others, behind a cluster, and waits until Envoy sends to them. */
  deploy(cluster: string, addresses: readonly string[]): Promise<void>;
  /** Waits until Envoy sends to these, and no others, in a cluster. */
  untilHealthy(cluster: string, addresses: readonly string[]): Promise<void>;
  /** Ends Envoy, then runs what `defer` was given, last first, and removes every file. */
  stop(): Promise<void>;
  /** Remembers what is to be closed with the trial. */
  defer(close: () => unknown): void;
}

export async function startTrial(options: Partial<EnvoyOptions> = {}): Promise<Trial> {
  const runDir = makeRunDir();
  const closers: (() => unknown)[] = [() => rmSync(runDir, { recursive: true })];
  const config = renderEnvoy({ ...freePorts, runDir, ...options });
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const envoy = await startEnvoy({ binary: envoyBinary(), config, runDir, log });
  const untilHealthy = (cluster: string, addresses: readonly string[]) =>
    vi.waitFor(
      async () => expect(await healthyHosts(envoy.admin, cluster)).toEqual([...addresses].sort()),
      { timeout: 10_000, interval: 10 },
    );
  return {
    envoy,
    runDir,
    deploy(cluster, addresses) {
      writeEndpoints(runDir, cluster, addresses);
      return untilHealthy(cluster, addresses);
    },
    untilHealthy,
    defer: (close) => closers.push(close),
    async stop() {
      await envoy.stop();
      for (const close of closers.reverse()) await close();
      // Whatever Envoy complains about is a fault of the configuration.
      expect(lines.filter((line) => !EXPECTED.test(line))).toEqual([]);
    },
  };
}

export const freePorts = { edge: "127.0.0.1:0", mesh: "127.0.0.1:0", admin: "127.0.0.1:0" };

export function makeRunDir(): string {
  const runDir = mkdtempSync(join(tmpdir(), "envoy-test-"));
  prepareRunDir(runDir);
  return runDir;
}

export function envoyBinary(): string {
  const given = process.env["ENVOY_BIN"];
  if (given) return given;
  if (!existsSync(toolsFile)) throw new Error("Envoy is missing: run npm test, or set ENVOY_BIN");
  return JSON.parse(readFileSync(toolsFile, "utf8")).envoy.path;
}

/** A serving gRPC server that is closed with the trial. */
export async function serveFor(trial: Trial, services: Registration[]): Promise<RpcServer> {
  const log = createLog("test", "silent");
  const server = await serve(services, { listen: "127.0.0.1:0", log });
  server.setServing(true);
  trial.defer(() => server.close(0));
  return server;
}

/** The addresses that a cluster would send to now. */
async function healthyHosts(admin: string, cluster: string): Promise<string[]> {
  const response = await fetch(`http://${admin}/clusters?format=json`);
  const { cluster_statuses: statuses } = (await response.json()) as ClustersAnswer;
  const hosts = statuses.find((status) => status.name === cluster)?.host_statuses ?? [];
  return hosts
    .filter((host) => !host.health_status.failed_active_health_check)
    .map(({ address: { socket_address: at } }) => `${at.address}:${at.port_value}`)
    .sort();
}

interface ClustersAnswer {
  readonly cluster_statuses: {
    readonly name: string;
    readonly host_statuses?: {
      readonly address: {
        readonly socket_address: { readonly address: string; readonly port_value: number };
      };
      readonly health_status: { readonly failed_active_health_check?: boolean };
    }[];
  }[];
}
