import * as grpc from "@grpc/grpc-js";

const LIST_SERVICES = Buffer.from([(7 << 3) | 2, 1, 0x2a]); // ServerReflectionRequest { list_services: "*" }

/** The encoded answer to "which services are there", as text: the names are readable in it. */
export async function askReflection(address: string, version: string): Promise<string> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const raw = (bytes: Buffer) => bytes;
  try {
    const call = client.makeBidiStreamRequest<Buffer, Buffer>(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      raw,
      raw,
      { deadline: Date.now() + 5000 },
    );
    call.end(LIST_SERVICES);
    const answers: Buffer[] = await call.toArray();
    return Buffer.concat(answers).toString();
  } finally {
    client.close();
  }
}
