import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import * as grpc from "@grpc/grpc-js";

// Field numbers of google.protobuf.FileDescriptorSet, FileDescriptorProto and grpc.reflection.v1.
const SET_FILE = 1;
const FILE = { name: 1, package: 2, message: 4, enum: 5, service: 6 } as const;
const REQUEST = { fileByFilename: 3, fileContainingSymbol: 4, listServices: 7 } as const;
const RESPONSE = { originalRequest: 2, fileDescriptor: 4, listServices: 6, error: 7 } as const;

interface File {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly symbols: readonly string[];
}

/**
 * Serves gRPC reflection, v1 and v1alpha, from the descriptor set that `buf build` made.
 *
 * The descriptors go out byte for byte. The usual package re-encodes them through protobufjs, after which
 * grpcurl cannot resolve well-known types; only names are read here. Listed are the `served` services alone;
 * the set describes those of other processes too. A served one that the set does not describe, because people
 * never call it (Envoy's), is not listed.
 */
export function addReflection(
  server: grpc.Server,
  descriptorSet: Uint8Array,
  served: readonly string[],
): void {
  const files = bytesFields(descriptorSet, SET_FILE).map(readFile);
  const listed = served.filter((name) => files.some((file) => defines(file, name)));
  for (const version of ["v1", "v1alpha"]) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const raw = (bytes: Buffer) => bytes;
    server.addService(
      {
        info: {
          path,
          requestStream: true,
          responseStream: true,
          requestSerialize: raw,
          requestDeserialize: raw,
          responseSerialize: raw,
          responseDeserialize: raw,
        },
      },
      {
        info: (call: grpc.ServerDuplexStream<Buffer, Buffer>) =>
          void call
            .on("data", (request: Buffer) => call.write(answer(files, listed, request)))
            .on("end", () => call.end()),
      },
    );
  }
}

function answer(files: readonly File[], served: readonly string[], request: Uint8Array): Buffer {
  const original = bytesField(RESPONSE.originalRequest, request);
  if (bytesFields(request, REQUEST.listServices).length > 0) {
    const services = served.map((name) => bytesField(1, bytesField(1, Buffer.from(name))));
    return Buffer.concat([original, bytesField(RESPONSE.listServices, Buffer.concat(services))]);
  }
  const name = text(bytesFields(request, REQUEST.fileByFilename)[0]);
  const symbol = text(bytesFields(request, REQUEST.fileContainingSymbol)[0]);
  const file = files.find((f) => (name ? f.name === name : defines(f, symbol)));
  if (file) {
    return Buffer.concat([
      original,
      bytesField(RESPONSE.fileDescriptor, bytesField(1, file.bytes)),
    ]);
  }
  const notFound = new BinaryWriter()
    .uint32((1 << 3) | 0)
    .int32(grpc.status.NOT_FOUND)
    .uint32((2 << 3) | 2)
    .string(`not found: ${name || symbol}`)
    .finish();
  return Buffer.concat([original, bytesField(RESPONSE.error, notFound)]);
}

function defines(file: File, symbol: string): boolean {
  return file.symbols.some((s) => s === symbol || symbol.startsWith(`${s}.`));
}

function readFile(bytes: Uint8Array): File {
  const pkg = text(bytesFields(bytes, FILE.package)[0]);
  const names = (field: number) =>
    bytesFields(bytes, field).map((body) => `${pkg}.${text(bytesFields(body, 1)[0])}`);
  const symbols = [...names(FILE.message), ...names(FILE.enum), ...names(FILE.service)];
  return { bytes, name: text(bytesFields(bytes, FILE.name)[0]), symbols };
}

/** All length-delimited values of one field of an encoded message. */
function bytesFields(message: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === 2 && field === wanted) found.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return found;
}

function bytesField(field: number, body: Uint8Array): Buffer {
  const bytes = new BinaryWriter()
    .uint32((field << 3) | 2)
    .bytes(body)
    .finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function text(bytes: Uint8Array | undefined): string {
  return bytes ? Buffer.from(bytes).toString() : "";
}
