import { once } from "node:events";
import type * as grpc from "@grpc/grpc-js";
import type { Logger } from "#kit/telemetry/log.ts";
import { type RequestOf, type ResponseOf, type Service, toGrpcMethod } from "./definition.ts";
import { MeshError, toStatus } from "./errors.ts";
import type { CallTrace } from "./trace-call.ts";

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

export interface Observed {
  readonly log: Logger;
  /** Begins to observe a call of that path. */
  readonly trace: (path: string, metadata: grpc.Metadata, request: unknown) => CallTrace;
}

/** Registers `handlers` for `service`; what they throw is translated to a status in this one place. */
export function addHandlers<S extends Service>(
  server: grpc.Server,
  service: S,
  handlers: Handlers<S>,
  { log, trace }: Observed,
): void {
  const definition: Record<string, grpc.MethodDefinition<unknown, unknown>> = {};
  const implementation: grpc.UntypedServiceImplementation = {};
  for (const [key, method] of Object.entries(service.methods)) {
    const grpcMethod = toGrpcMethod(service, method);
    const { path } = grpcMethod;
    definition[key] = grpcMethod;
    const handler = handlers[key as keyof S["methods"]];
    implementation[key] = method.responseStream
      ? handleStream(handler as Stream, path, { log, trace })
      : handleUnary(handler as Unary, path, { log, trace });
  }
  server.addService(definition, implementation);
}

function handleUnary(handler: Unary, path: string, { log, trace }: Observed) {
  return (call: grpc.ServerUnaryCall<unknown, unknown>, reply: grpc.sendUnaryData<unknown>) => {
    const traced = trace(path, call.metadata, call.request);
    const succeed = (response: unknown) => {
      traced.end("OK");
      reply(null, response);
    };
    const fail = (cause: unknown) => {
      const error = traced.run(() => failure(cause, path, log));
      traced.end(error.code);
      reply(toStatus(error) as grpc.ServiceError);
    };
    try {
      const response = traced.run(() => handler(call.request, contextOf(call)));
      Promise.resolve(response).then(succeed, fail);
    } catch (cause) {
      fail(cause);
    }
  };
}

function handleStream(handler: Stream, path: string, { log, trace }: Observed) {
  return (call: grpc.ServerWritableStream<unknown, unknown>) => {
    const traced = trace(path, call.metadata, call.request);
    const pumping = traced.run(() => pump(handler(call.request, contextOf(call)), call));
    void pumping.then(
      () => traced.end(call.cancelled ? "CANCELLED" : "OK"),
      (cause: unknown) => {
        if (call.cancelled) return traced.end("CANCELLED");
        const error = traced.run(() => failure(cause, path, log));
        traced.end(error.code);
        call.emit("error", toStatus(error));
      },
    );
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

function failure(cause: unknown, path: string, log: Logger): MeshError {
  const error = MeshError.from(cause);
  if (error.code === "INTERNAL" || error.code === "UNKNOWN") {
    const method = path.slice(path.lastIndexOf("/") + 1);
    log.error({ err: error.cause ?? error, method }, "a call failed");
  }
  return error;
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
