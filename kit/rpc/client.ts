import * as grpc from "@grpc/grpc-js";
import {
  type Method,
  type RequestOf,
  type ResponseOf,
  type Service,
  toGrpcMethod,
} from "./definition.ts";
import { type Code, MeshError } from "./errors.ts";
import { traceCall } from "./trace-call.ts";

export interface CallOptions {
  /** Time until the call fails with DEADLINE_EXCEEDED. Required: no call waits for ever. */
  readonly timeoutMs: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** Request headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Promise for unary methods, async iterable for server streams. Errors are `MeshError`s. */
export type Client<S extends Service> = {
  readonly [K in keyof S["methods"]]: S["methods"][K]["responseStream"] extends true
    ? (
        request: RequestOf<S["methods"][K]>,
        options: CallOptions,
      ) => AsyncIterable<ResponseOf<S["methods"][K]>>
    : (
        request: RequestOf<S["methods"][K]>,
        options: CallOptions,
      ) => Promise<ResponseOf<S["methods"][K]>>;
} & { close(): void };

/** A client of one service at `address` (`host:port`), over one HTTP/2 connection that mends itself. */
export function createClient<S extends Service>(service: S, address: string): Client<S> {
  const channel = new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.keepalive_time_ms": 30_000,
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 2_000,
    // Own connections: the shared pool would tie clients of one address to each other's fate.
    "grpc.use_local_subchannel_pool": 1,
  });
  const calls = Object.fromEntries(
    Object.entries(service.methods).map(([key, method]) => [
      key,
      method.responseStream
        ? serverStream(channel, service, method)
        : unary(channel, service, method),
    ]),
  );
  return { ...calls, close: () => channel.close() } as unknown as Client<S>;
}

function unary(channel: grpc.Client, service: Service, method: Method) {
  const { path, requestSerialize, responseDeserialize } = toGrpcMethod(service, method);
  return (request: unknown, options: CallOptions) =>
    new Promise((resolve, reject) => {
      const metadata = toMetadata(options);
      const traced = traceCall(path, metadata);
      const call = channel.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        { deadline: Date.now() + options.timeoutMs },
        (cause, response) => {
          const error = cause ? MeshError.from(cause) : undefined;
          traced.end(error?.code ?? "OK");
          if (error) reject(error);
          else resolve(response);
        },
      );
      cancelOn(options.signal, call);
    });
}

function serverStream(channel: grpc.Client, service: Service, method: Method) {
  const { path, requestSerialize, responseDeserialize } = toGrpcMethod(service, method);
  return async function* (request: unknown, options: CallOptions) {
    const metadata = toMetadata(options);
    const traced = traceCall(path, metadata);
    const call = channel.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      { deadline: Date.now() + options.timeoutMs },
    );
    cancelOn(options.signal, call);
    let ended: Code | "OK" = "CANCELLED"; // unless it is read to its end
    try {
      yield* call;
      ended = "OK";
    } catch (cause) {
      const error = MeshError.from(cause);
      ended = error.code;
      throw error;
    } finally {
      call.cancel(); // a reader that leaves early must not keep the stream open
      traced.end(ended);
    }
  };
}

function toMetadata(options: CallOptions): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(options.headers ?? {})) metadata.set(key, value);
  return metadata;
}

function cancelOn(
  signal: AbortSignal | undefined,
  call: { cancel(): void; on(event: "status", f: () => void): unknown },
) {
  if (!signal) return;
  const cancel = () => call.cancel();
  if (signal.aborted) return cancel();
  signal.addEventListener("abort", cancel, { once: true });
  call.on("status", () => signal.removeEventListener("abort", cancel));
}
