import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A bad network between one process and another, on loopback. */
export interface TcpProxy {
  /** `host:port` to connect to. */
  readonly address: string;
  /** Adds so much to every byte's way, in both directions, from now on, ms. */
  delay(ms: number): void;
  /** Breaks every connection with a reset. */
  cut(): void;
  /** Tells the clients that nothing more will come; the servers are told nothing. */
  halfClose(): void;
  /** Swallows what the server sends, as a network does that lost a route; connections stay open. */
  silence(on: boolean): void;
  /** Breaks every connection, and every new one at once. */
  refuse(on: boolean): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** Starts a proxy on a free port; `target` is asked for each connection, since servers move. */
export async function startTcpProxy(target: () => string): Promise<TcpProxy> {
  const links = new Set<Link>();
  let delayMs = 0;
  let isSilent = false;
  let isRefusing = false;

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const [host = "", port = ""] = target().split(":");
    const server = connect({ host, port: Number(port), allowHalfOpen: true });
    const link = { client, server };
    links.add(link);
    const end = () => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", end);
    }
    pass(client, server, () => false);
    pass(server, client, () => isSilent);
  });

  /** In order, each piece when its time has come. */
  function pass(from: Socket, to: Socket, isSwallowed: () => boolean): void {
    let dueAt = 0;
    const later = (act: () => void) => {
      const now = performance.now();
      dueAt = Math.max(dueAt, now + delayMs);
      if (dueAt <= now) act();
      else setTimeout(act, dueAt - now);
    };
    from.on("data", (bytes) => {
      if (isSwallowed()) return;
      later(() => {
        if (to.writable) to.write(bytes);
      });
    });
    from.on("end", () => later(() => to.end()));
  }

  const cut = () => {
    for (const { client, server } of links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  };
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const bound = listener.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  return {
    address: `127.0.0.1:${bound.port}`,
    delay(ms) {
      delayMs = ms;
    },
    cut,
    halfClose() {
      for (const { client } of links) client.end();
    },
    silence(on) {
      isSilent = on;
      if (!on) cut(); // bytes are missing: nothing sensible can follow on these connections
    },
    refuse(on) {
      isRefusing = on;
      if (on) cut();
    },
    async close() {
      cut();
      listener.close();
      await once(listener, "close");
    },
  };
}
