import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createUser, fromSeed } from "@nats-io/nkeys";
import { inboxPrefix, type NatsUser, natsUsers } from "#kit/events/users.ts";

/** Where the users' seeds lie; only the owner may read them. */
export function keyFile(dataDir: string, user: string): string {
  return join(dataDir, "keys", `${user}.nk`);
}

/**
 * Makes the keys that are missing and writes the part of the server's configuration in which each user may
 * do what its work needs and nothing else. Gives back its path, for an `include` under `authorization`.
 */
export function writeNatsUsers(dataDir: string): string {
  mkdirSync(join(dataDir, "keys"), { recursive: true, mode: 0o700 });
  const users = natsUsers().map((user) => describe(user, publicKey(keyFile(dataDir, user.name))));
  const path = join(dataDir, "users.conf");
  // nats-server reads JSON as it is.
  writeFileSync(path, `${JSON.stringify({ users }, null, 2)}\n`);
  return path;
}

function publicKey(path: string): string {
  if (!existsSync(path)) {
    writeFileSync(path, createUser().getSeed(), { mode: 0o600 });
  }
  chmodSync(path, 0o600);
  return fromSeed(readFileSync(path)).getPublicKey();
}

function describe({ name, publish, subscribe, deny = [] }: NatsUser, nkey: string) {
  const inbox = `${inboxPrefix(name)}.>`;
  return {
    nkey,
    permissions: {
      publish: { allow: publish, deny },
      subscribe: { allow: [inbox, ...subscribe] },
    },
  };
}
