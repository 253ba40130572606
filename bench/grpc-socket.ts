// A gRPC client on a bare socket. Node's own http2 client costs twice what the echo server does, so it would
// measure itself; this one costs a tenth.

import { once } from "node:events";
import { connect } from "node:net";
import { createHeaderEncoder, type Header, saysOk } from "./hpack.ts";
import {
  ACK,
  createParser,
  createSender,
  END_HEADERS,
  END_STREAM,
  frame,
  none,
  opening,
  type Receive,
  toFrame,
} from "./http2-frames.ts";

export interface CallOptions {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The message with gRPC's five bytes in front, as `toGrpcBody` makes it. */
  readonly body: Buffer;
  /** Headers that the connection's calls have in common. */
  readonly kept?: readonly Header[];
  /** Headers of this call only. */
  readonly once?: readonly Header[];
  /** Called once: whether the status was OK, and how many bytes came with it. */
  readonly done: (ok: boolean, replyBytes: number) => void;
}

export interface GrpcSocket {
  /** Sends a call; all calls of one turn of the event loop leave in one write. */
  call(options: CallOptions): void;
  close(): void;
}

/** Puts gRPC's prefix in front of a message: not compressed, and how long it is. */
export function toGrpcBody(message: Uint8Array): Buffer {
  const body = Buffer.allocUnsafe(5 + message.length);
  body.writeUInt8(0, 0);
  body.writeUInt32BE(message.length, 1);
  body.set(message, 5);
  return body;
}

/** Connects to `host:port`. */
export async function openGrpcSocket(address: string): Promise<GrpcSocket> {
  const [host = "", port] = address.split(":");
  const socket = connect({ host, port: Number(port), noDelay: true });
  await once(socket, "connect");
  const send = createSender(socket);
  const headers = createHeaderEncoder();
  const calls = createOpenCalls();
  let nextStream = 1;
  socket.on("data", createParser(createReceiver(calls, send)));
  socket.on("error", calls.failAll);
  socket.on("close", calls.failAll);
  send(opening());

  return {
    call({ path, body, kept = [], once: single = [], done }) {
      const stream = nextStream;
      nextStream += 2;
      calls.add(stream, done);
      const common: Header[] = [
        [":path", path],
        [":authority", address],
        ["content-type", "application/grpc"],
        ["te", "trailers"],
        ...kept,
      ];
      send(toFrame(frame.headers, END_HEADERS, stream, headers.encode(common, single)));
      send(toFrame(frame.data, END_STREAM, stream, body));
    },
    close() {
      socket.destroy();
    },
  };
}

/** Calls that wait for their replies, by stream. */
function createOpenCalls() {
  const open = new Map<number, { readonly done: CallOptions["done"]; bytes: number }>();
  return {
    add: (stream: number, done: CallOptions["done"]) => open.set(stream, { done, bytes: 0 }),
    took(stream: number, bytes: number) {
      const call = open.get(stream);
      if (call) call.bytes += bytes;
    },
    finish(stream: number, ok: boolean) {
      const call = open.get(stream);
      if (!call) return;
      open.delete(stream);
      call.done(ok, call.bytes);
    },
    failAll() {
      for (const { done, bytes } of open.values()) done(false, bytes);
      open.clear();
    },
  };
}

/** What to do with each frame; flow control is left to the wide windows of the opening. */
function createReceiver(
  calls: ReturnType<typeof createOpenCalls>,
  send: (bytes: Buffer) => void,
): Receive {
  return (type, flags, stream, payload) => {
    if (type === frame.data) calls.took(stream, payload.length);
    else if (type === frame.headers) {
      if (flags & END_STREAM) calls.finish(stream, saysOk(payload));
    } else if (type === frame.reset) calls.finish(stream, false);
    else if (type === frame.settings && !(flags & ACK)) send(toFrame(frame.settings, ACK, 0, none));
    else if (type === frame.ping && !(flags & ACK)) send(toFrame(frame.ping, ACK, 0, payload));
    else if (type === frame.goAway) calls.failAll();
  };
}
