import { once } from "node:events";
import type * as grpc from "@grpc/grpc-js";
import type { Logger } from "#kit/telemetry/log.ts";
import {
  type Method,
  type RequestOf,
  type ResponseOf,
  type Service,
  toGrpcMethod,
} from "./definition.ts";
import { MeshError, toStatus } from "./errors.ts";

/** What a handler may know of the call beside its request. */
export interface CallContext {
  /** First value of a request header, or undefined. */
  header(name: string): string | undefined;
  /** True once the caller has gone or its deadline has passed; cheap to ask. */
  readonly cancelled: boolean;
  /** Aborts when `cancelled` turns true. */
  readonly signal: AbortSignal;
  /** Milliseconds left until the caller's deadline; Infinity without one. */
  remainingMs(): number;
}

/** A function per method: a promise for unary, an async iterable for server streams. */
export type Handlers<S extends Service> = {
  readonly [K in keyof S["methods"]]: S["methods"][K]["responseStream"] extends true
    ? (
        request: RequestOf<S["methods"][K]>,
        context: CallContext,
      ) => AsyncIterable<ResponseOf<S["methods"][K]>>
    : (
        request: RequestOf<S["methods"][K]>,
        context: CallContext,
      ) => Promise<ResponseOf<S["methods"][K]>> | ResponseOf<S["methods"][K]>;
};

type Unary = (request: unknown, context: CallContext) => unknown;
type Stream = (request: unknown, context: CallContext) => AsyncIterable<unknown>;

/** Registers `handlers` for `service`; what they throw is translated to a status in this one place. */
export function addHandlers<S extends Service>(
  server: grpc.Server,
  service: S,
  handlers: Handlers<S>,
  log: Logger,
): void {
  const definition: Record<string, grpc.MethodDefinition<unknown, unknown>> = {};
  const implementation: grpc.UntypedServiceImplementation = {};
  for (const [key, method] of Object.entries(service.methods)) {
    definition[key] = toGrpcMethod(service, method);
    const handler = handlers[key as keyof S["methods"]];
    implementation[key] = method.responseStream
      ? handleStream(handler as Stream, method, log)
      : handleUnary(handler as Unary, method, log);
  }
  server.addService(definition, implementation);
}

function handleUnary(handler: Unary, method: Method, log: Logger) {
  return (call: grpc.ServerUnaryCall<unknown, unknown>, reply: grpc.sendUnaryData<unknown>) => {
    const fail = (error: unknown) => reply(failure(error, method, log) as grpc.ServiceError);
    try {
      Promise.resolve(handler(call.request, contextOf(call))).then((r) => reply(null, r), fail);
    } catch (error) {
      fail(error);
    }
  };
}

function handleStream(handler: Stream, method: Method, log: Logger) {
  return (call: grpc.ServerWritableStream<unknown, unknown>) => {
    void pump(handler(call.request, contextOf(call)), call).catch((error: unknown) => {
      if (!call.cancelled) call.emit("error", failure(error, method, log));
    });
  };
}

/** Writes no faster than the reader reads, and lets the handler clean up when the reader leaves. */
async function pump(
  responses: AsyncIterable<unknown>,
  call: grpc.ServerWritableStream<unknown, unknown>,
) {
  const gone = new AbortController();
  call.once("cancelled", () => gone.abort());
  for await (const response of responses) {
    if (call.cancelled) return;
    if (!call.write(response)) {
      await once(call, "drain", { signal: gone.signal }).catch(() => undefined); // aborted: left below
    }
  }
  call.end();
}

function failure(error: unknown, method: Method, log: Logger): Partial<grpc.StatusObject> {
  const meshError = MeshError.from(error);
  if (meshError.code === "INTERNAL" || meshError.code === "UNKNOWN") {
    log.error({ err: meshError.cause ?? meshError, method: method.name }, "a call failed");
  }
  return toStatus(meshError);
}

function contextOf(
  call: grpc.ServerUnaryCall<unknown, unknown> | grpc.ServerWritableStream<unknown, unknown>,
): CallContext {
  let controller: AbortController | undefined; // made on demand: most calls never look
  return {
    header: (name) => call.metadata.get(name)[0]?.toString(),
    get cancelled() {
      return call.cancelled;
    },
    get signal() {
      if (!controller) {
        const made = new AbortController();
        controller = made;
        if (call.cancelled) made.abort();
        else call.once("cancelled", () => made.abort());
      }
      return controller.signal;
    },
    remainingMs() {
      const deadline = call.getDeadline();
      return Number(deadline instanceof Date ? deadline.getTime() : deadline) - Date.now();
    },
  };
}
