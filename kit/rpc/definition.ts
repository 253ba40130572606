import type * as grpc from "@grpc/grpc-js";

/** Encodes and decodes one message; what ts-proto generates for each. */
export interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

export interface Method {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the message types are recovered by inference where a method is used
  readonly requestType: Codec<any>;
  readonly requestStream: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly responseType: Codec<any>;
  readonly responseStream: boolean;
}

/** A service as ts-proto's `generic-definitions` describes it: names and codecs, no runtime. */
export interface Service {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, Method>>;
}

export type RequestOf<M extends Method> = M["requestType"] extends Codec<infer T> ? T : never;
export type ResponseOf<M extends Method> = M["responseType"] extends Codec<infer T> ? T : never;

/** The same method as grpc-js wants it. */
export function toGrpcMethod(
  service: Service,
  method: Method,
): grpc.MethodDefinition<unknown, unknown> {
  return {
    path: `/${service.fullName}/${method.name}`,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: (message) => toBuffer(method.requestType.encode(message).finish()),
    requestDeserialize: (bytes) => method.requestType.decode(bytes),
    responseSerialize: (message) => toBuffer(method.responseType.encode(message).finish()),
    responseDeserialize: (bytes) => method.responseType.decode(bytes),
  };
}

/** A view, not a copy: the encoder hands its bytes over. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
