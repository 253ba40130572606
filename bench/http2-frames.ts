// As much of HTTP/2's framing (RFC 9113) as a client needs that sends small requests and reads small replies.
import type { Socket } from "node:net";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEADER = 9;
export const frame = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  window: 8,
} as const;
export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;

export const none = Buffer.alloc(0);

/** Preface, settings, and receive windows so wide that they need no tending during one measurement. */
export function opening(): Buffer {
  const settings = Buffer.alloc(18);
  settings.writeUInt16BE(0x1, 0); // header table: none, see saysOk
  settings.writeUInt32BE(0, 2);
  settings.writeUInt16BE(0x2, 6); // no push
  settings.writeUInt32BE(0, 8);
  settings.writeUInt16BE(0x4, 12); // window of a stream
  settings.writeUInt32BE(1 << 20, 14);
  const wider = Buffer.alloc(4);
  wider.writeUInt32BE(0x7fff_ffff - 65_535, 0);
  return Buffer.concat([
    Buffer.from(PREFACE, "latin1"),
    toFrame(frame.settings, 0, 0, settings),
    toFrame(frame.window, 0, 0, wider),
  ]);
}

export function toFrame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, FRAME_HEADER);
  return bytes;
}

/** Collects what is sent within a turn: a system call for each frame would be most of the cost. */
export function createSender(socket: Socket): (bytes: Buffer) => void {
  let waiting: Buffer[] = [];
  return (bytes) => {
    waiting.push(bytes);
    if (waiting.length > 1) return;
    queueMicrotask(() => {
      socket.write(Buffer.concat(waiting));
      waiting = [];
    });
  };
}

export type Receive = (type: number, flags: number, stream: number, payload: Buffer) => void;

/** Cuts what arrives into frames. */
export function createParser(receive: Receive): (chunk: Buffer) => void {
  let rest: Buffer = none;
  return (chunk) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (at + FRAME_HEADER <= bytes.length) {
      const end = at + FRAME_HEADER + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
      const payload = bytes.subarray(at + FRAME_HEADER, end);
      receive(bytes.readUInt8(at + 3), bytes.readUInt8(at + 4), stream, payload);
      at = end;
    }
    rest = bytes.subarray(at);
  };
}
