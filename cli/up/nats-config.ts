import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";

export interface NatsConfig {
  /** Streams and buckets live here. */
  readonly storeDir: string;
  /**
   * How long the server may keep acknowledged messages from the disk: a span such as `1s`, or `always` to
   * acknowledge only what is on it. A crash of the server alone loses nothing either way.
   */
  readonly syncInterval: string;
  /** File with the users and their rights; undefined: everybody may do everything. */
  readonly users?: string | undefined;
}

/** Writes the configuration of a single server; gives back its path. */
export function writeNatsConfig(dir: string, config: NatsConfig): string {
  const { storeDir, syncInterval, users } = config;
  const path = join(dir, "nats.conf");
  const lines = [
    `jetstream { store_dir: ${quote(storeDir)}, sync_interval: ${quote(syncInterval)} }`,
    ...(users === undefined ? [] : [`authorization { include ${quote(relative(dir, users))} }`]),
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
