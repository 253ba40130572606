// The instance driver with a real nats-server, a real Envoy and real services, on free ports.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import {
  DurationServiceDefinition,
  PredictRequest,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import type { Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import { createClient } from "#kit/rpc/client.ts";
import type { ModelService } from "#kit/traffic/traffic.ts";
import { writeEndpoints } from "../../../envoy/run-files.ts";
import { startTrial } from "../../../envoy/trial.ts";
import { startNats } from "../../../test/harness/nats.ts";
import { createDurables } from "../durables.ts";
import { createEndpoints } from "../endpoints.ts";
import { createEnvoyHosts } from "../envoy-hosts.ts";
import { createLocalInstances, type LocalInstances } from "../instances.ts";
import { createMeshProcess, inheritedEnv } from "../mesh-process.ts";
import { createParts, type Parts } from "../parts.ts";

const root = new URL("../../..", import.meta.url).pathname;

/** Processes of each consumer's slot. */
export const CONSUMERS = 2;

export interface InstancesUnderTest {
  readonly instances: LocalInstances;
  readonly parts: Parts;
  readonly events: Events;
  /** Whose bundles may be broken: nobody else has them. */
  readonly modelsDir: string;
  /** Asks duration through Envoy's mesh listener; gives back which version answered. */
  predict(headers?: Record<string, string>): Promise<string>;
  /** What is left of a slot: processes, addresses in Envoy's file, durables of consumers. */
  left(
    service: ModelService,
    slot: string,
  ): Promise<{ processes: string[]; addresses: string[]; durable: boolean }>;
  stop(): Promise<void>;
}

export async function startInstances(): Promise<InstancesUnderTest> {
  const dir = mkdtempSync(join(tmpdir(), "instances-"));
  const modelsDir = join(dir, "models");
  for (const service of ["duration", "tip"]) {
    cpSync(join(root, "models", service), join(modelsDir, service), { recursive: true });
  }
  // On a busy machine the usual 400 ms are a reason to fail that has nothing to do with instances.
  const [nats, trial] = await Promise.all([startNats(), startTrial({ durationTimeoutMs: 5_000 })]);
  const events = await nats.connect();
  const stopping = new AbortController();
  const durables = createDurables({ events, say: () => undefined, everyMs: 100 });
  const parts = createParts({ logDir: dir, print: () => undefined, onPid: () => undefined });
  const instances = createLocalInstances({
    parts,
    launch: createMeshProcess({ root, node: process.execPath, env: inheritedEnv(process.env) }),
    durables,
    endpoints: createEndpoints((cluster, at) => writeEndpoints(trial.runDir, cluster, at)),
    hosts: createEnvoyHosts(trial.envoy.admin),
    modelsDir,
    natsUrl: nats.url,
    natsKey: () => undefined,
    autoPorts: true,
    processesOf: (service) => (service === "duration" ? 1 : CONSUMERS),
    signal: stopping.signal,
  });
  const duration = createClient(DurationServiceDefinition, trial.envoy.mesh);
  return {
    instances,
    parts,
    events,
    modelsDir,
    async predict(headers = {}) {
      const answer = await duration.predict(request, { timeoutMs: 10_000, headers });
      return answer.version;
    },
    async left(service, slot) {
      const name = `${service}-${slot}`;
      const file = readFileSync(join(trial.runDir, "eds", `${name}.yaml`), "utf8");
      const manager = await jetstreamManager(events.connection);
      const names: string[] = [];
      for await (const { name: durable } of manager.consumers.list(streams.trips)) {
        names.push(durable);
      }
      return {
        processes: Object.keys(parts.pids()).filter((part) => part.startsWith(name)),
        addresses: [...file.matchAll(/"port_value": (\d+)/g)].map(([, port = ""]) => port),
        durable: names.includes(name),
      };
    },
    async stop() {
      stopping.abort();
      duration.close();
      await durables.stop();
      await parts.stopAll();
      await trial.stop();
      await nats.stop();
      rmSync(dir, { recursive: true });
    },
  };
}

/** A version of a service in which something is wrong. */
export function breakBundle(
  modelsDir: string,
  service: ModelService,
  version: string,
  change: (card: Record<string, unknown>, model: Buffer) => Buffer | undefined,
): void {
  const card = JSON.parse(readFileSync(join(modelsDir, service, "v1", "model.json"), "utf8"));
  const model = readFileSync(join(modelsDir, service, "v1", "model.onnx"));
  const folder = join(modelsDir, service, version);
  mkdirSync(folder);
  card.version = version;
  const changed = change(card, model) ?? model;
  writeFileSync(join(folder, "model.onnx"), changed);
  writeFileSync(join(folder, "model.json"), JSON.stringify(card));
}

export function digestOf(model: Buffer): string {
  return createHash("sha256").update(model).digest("hex");
}

const request = PredictRequest.fromPartial({
  features: { pickupZone: 74, dropoffZone: 236, pickupLocalSeconds: 1_612_166_400n },
});
