import { spawn } from "node:child_process";
import { once } from "node:events";

export interface SlowReaders {
  /** Closes their connections. */
  close(): Promise<void>;
}

/** Opens streams that nobody reads, with small buffers; resolves when all are asked for. */
export async function openSlowReaders(
  address: string,
  count: number,
  paths: readonly string[],
): Promise<SlowReaders> {
  const script = new URL("slow-readers.py", import.meta.url).pathname;
  const [host = "", port = ""] = address.split(":");
  const child = spawn("python3", [script, host, port, String(count), ...paths], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the slow readers ended with ${code}`);
  });
  ended.catch(() => undefined); // expected when they are closed
  await Promise.race([once(child.stdout, "data"), ended]);
  return {
    async close() {
      child.stdin.end();
      await ended.catch(() => undefined);
    },
  };
}
