const TRAILERS = 0x80;

export interface GrpcWebAnswer {
  /** The encoded message; empty for an error. */
  readonly message: Buffer;
  /** The trailers frame; empty where the status is in the headers. */
  readonly trailers: string;
  /** grpc-status and grpc-message, wherever they were. */
  readonly status: string | undefined;
  readonly grpcMessage: string | undefined;
}

/** A unary call as a browser makes it: one frame there, a message and a trailers frame back. */
export async function askInGrpcWeb(
  url: string,
  request: Buffer,
  headers: Record<string, string> = {},
): Promise<GrpcWebAnswer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1", ...headers },
    body: Buffer.concat([frameHead(0, request.length), request]),
  });
  const frames = readFrames(Buffer.from(await response.arrayBuffer()));
  const trailers = frames.find(({ flag }) => flag === TRAILERS)?.body.toString() ?? "";
  const read = (name: string) =>
    response.headers.get(name) ?? new RegExp(`${name}: ?(.*)\r`).exec(trailers)?.[1];
  const grpcMessage = read("grpc-message");
  return {
    message: frames.find(({ flag }) => flag === 0)?.body ?? Buffer.alloc(0),
    trailers,
    status: read("grpc-status"),
    grpcMessage: grpcMessage === undefined ? undefined : decodeURIComponent(grpcMessage),
  };
}

function frameHead(flag: number, length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return head;
}

function readFrames(bytes: Buffer): { flag: number; body: Buffer }[] {
  const frames: { flag: number; body: Buffer }[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    frames.push({ flag: bytes.readUInt8(at), body: bytes.subarray(at + 5, end) });
    at = end;
  }
  return frames;
}
