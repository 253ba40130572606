import { readFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { HealthDefinition } from "#gen/health/v1/health.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { Service } from "./definition.ts";
import { addHandlers, type Handlers, type Observed } from "./handlers.ts";
import { addReflection } from "./reflection.ts";
import { traceAnswer, untraced } from "./trace-call.ts";

const descriptorSet = new URL("../../gen/descriptor.binpb", import.meta.url);

export interface RpcServer {
  /** `host:port` as bound; tells the port when 0 was asked for. */
  readonly address: string;
  /** What `grpc.health.v1` answers, for the whole process and for each of its services. */
  setServing(serving: boolean): void;
  /** Lets running calls finish for `graceMs`, then cancels what is left. */
  close(graceMs?: number): Promise<void>;
}

/** A service with its handlers, typed together. */
export interface Registration {
  readonly fullName: string;
  register(server: grpc.Server, log: Logger): void;
}

/** How the calls of a service appear in traces. */
export interface HandleOptions {
  /** False leaves them out: for a service that takes traces, which would never end. Default true. */
  readonly traced?: boolean;
  /** The service calls nobody, so that calls which are not recorded need no context. Default false. */
  readonly isLeaf?: boolean;
}

/** Pairs a service with the functions that answer it. */
export function handle<S extends Service>(
  service: S,
  handlers: Handlers<S>,
  { traced = true, isLeaf = false }: HandleOptions = {},
): Registration {
  const trace: Observed["trace"] = (path, metadata, request) =>
    traced ? traceAnswer({ path, metadata, request, isLeaf }) : untraced;
  return {
    fullName: service.fullName,
    register: (server, log) => addHandlers(server, service, handlers, { log, trace }),
  };
}

/**
 * Serves gRPC with health and reflection at `listen` (`host:port`, 0 lets the kernel choose).
 *
 * Health starts as NOT_SERVING. Messages above 4 MiB fail with RESOURCE_EXHAUSTED.
 */
export async function serve(
  services: readonly Registration[],
  options: { readonly listen: string; readonly log: Logger },
): Promise<RpcServer> {
  // Leave "grpc.enable_channelz" alone: without it grpc-js 1.14 cannot force a shutdown.
  const server = new grpc.Server({ "grpc.max_receive_message_length": 4 << 20 });
  for (const service of services) service.register(server, options.log);
  const names = ["", ...services.map((s) => s.fullName)];
  const health = new HealthImplementation(Object.fromEntries(names.map((n) => [n, "NOT_SERVING"])));
  health.addToServer(server);
  const served = [...services.map((s) => s.fullName), HealthDefinition.fullName];
  addReflection(server, readFileSync(descriptorSet), served);
  const port = await bind(server, options.listen);
  const setServing = (serving: boolean) => {
    for (const name of names) health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
  };
  return {
    address: options.listen.replace(/:\d+$/, `:${port}`),
    setServing,
    close(graceMs = 2000) {
      setServing(false);
      return new Promise((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), graceMs);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
    },
  };
}

function bind(server: grpc.Server, listen: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}
