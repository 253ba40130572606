import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { SlotKey, SlotVersion } from "#kit/instances/instances.ts";
import { loadBundle } from "#kit/model/bundle.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { modelServices, slots } from "#kit/traffic/traffic.ts";

/** Refuses a slot that does not exist; requests of other processes may name any. */
export function requireSlot({ service, slot }: SlotKey): void {
  requireOneOf("service", service, modelServices);
  requireOneOf("slot", slot, slots);
}

/**
 * Refuses what could not serve, before anything is started for it: a slot or version that does not exist, a
 * bundle whose file is not the one that its card describes, or whose card is another version's.
 */
export async function requireDeployable(modelsDir: string, deployment: SlotVersion): Promise<void> {
  requireSlot(deployment);
  const { service, version } = deployment;
  const folder = join(modelsDir, service);
  const there = await readdir(folder).catch(() => []); // no folder, no versions
  requireOneOf(`version of ${service}`, version, there.toSorted());
  const { card } = await loadBundle(join(folder, version));
  if (card.service !== service || card.version !== version) {
    throw new MeshError(
      "FAILED_PRECONDITION",
      `the card in ${join(folder, version)} is of ${card.service} ${card.version}, not of ${service} ${version}`,
    );
  }
}

function requireOneOf(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  throw new MeshError(
    "NOT_FOUND",
    `there is no ${what} named ${JSON.stringify(name)}: there are ${known.join(", ")}`,
  );
}
