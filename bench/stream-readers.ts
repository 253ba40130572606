import { connect, type Socket } from "node:net";

/** Called for every update that arrives: which event it answers, and when it came. */
export type Arrival = (seq: number, atMs: number) => void;

export interface StreamReaders {
  /** Resolves when every reader has a duration of this `seq` or a later one; gives back when the last had. */
  all(seq: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens one stream of updates for each path, all at once, and reads them: bare sockets, because a thousand of
 * Node's HTTP clients would take the processor time that is measured.
 */
export function openReaders(
  address: string,
  paths: readonly string[],
  arrived: Arrival,
): StreamReaders {
  const [host = "", port = ""] = address.split(":");
  const latest = new Array<number>(paths.length).fill(0);
  let waiting: { seq: number; missing: number; done: (atMs: number) => void } | undefined;
  const take = (reader: number, seq: number, atMs: number) => {
    if (waiting && (latest[reader] ?? 0) < waiting.seq && seq >= waiting.seq) waiting.missing--;
    latest[reader] = Math.max(latest[reader] ?? 0, seq);
    arrived(seq, atMs);
    if (waiting?.missing === 0) waiting.done(atMs);
  };
  const sockets = paths.map((path, reader) => {
    const socket = connect(Number(port), host);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`);
    readDurations(socket, (seq) => take(reader, seq, performance.now()));
    return socket;
  });
  return {
    all(seq) {
      const missing = latest.filter((known) => known < seq).length;
      if (missing === 0) return Promise.resolve(performance.now());
      return new Promise((done) => {
        waiting = { seq, missing, done };
      });
    },
    async close() {
      await Promise.all(sockets.map((socket) => closed(socket)));
    },
  };
}

/** Calls back with the event that each duration answers. */
function readDurations(socket: Socket, take: (seq: number) => void): void {
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
    const end = text.lastIndexOf("\n\n");
    if (end < 0) return;
    const durations = text
      .slice(0, end)
      .matchAll(/"seq":(\d+),"kind":"TRIP_UPDATE_KIND_DURATION"/g);
    for (const [, seq] of durations) take(Number(seq));
    text = text.slice(end + 2);
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.destroy();
  });
}
