import { TraceServiceDefinition } from "#gen/opentelemetry/proto/collector/trace/v1/trace_service.ts";
import { handle, type RpcServer, serve } from "#kit/rpc/server.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { readResourceSpans } from "./trace-span.ts";
import type { TraceStore } from "./trace-store.ts";

export interface ReceiverOptions {
  /** `host:port`; port 0 lets the kernel choose. */
  readonly listen: string;
  readonly log: Logger;
}

/** Takes spans by OTLP over gRPC, from Envoy and from every process, this one too, into a store. */
export async function startReceiver(
  store: Pick<TraceStore, "add">,
  { listen, log }: ReceiverOptions,
): Promise<RpcServer> {
  const service = handle(
    TraceServiceDefinition,
    {
      export({ resourceSpans }) {
        for (const spans of resourceSpans) store.add(readResourceSpans(spans));
        return { partialSuccess: undefined };
      },
    },
    { traced: false },
  );
  const server = await serve([service], { listen, log });
  server.setServing(true);
  return server;
}
