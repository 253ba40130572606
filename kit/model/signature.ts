import { MeshError } from "#kit/rpc/errors.ts";
import type { Card } from "./bundle.ts";

/** What a service's bundles take and answer, in order; the same for all its versions. */
export interface Signature {
  readonly service: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Refuses a bundle whose inputs or outputs are not the ones that the service was written for, in that
 * order: rows are positional, so a renamed or moved input would be scored without complaint.
 */
export function checkSignature(card: Card, expected: Signature): void {
  if (card.service !== expected.service) {
    refuse(`the bundle is of ${card.service}, not of ${expected.service}`);
  }
  compare("inputs", card.inputs, expected.inputs);
  compare("outputs", card.outputs, expected.outputs);
}

type Named = { readonly name: string };

function compare(what: string, found: readonly Named[], expected: readonly string[]): void {
  const names = found.map((tensor) => tensor.name).join(", ");
  if (names === expected.join(", ")) return;
  refuse(`the card's ${what} are ${names}; the service needs ${expected.join(", ")}`);
}

function refuse(reason: string): never {
  throw new MeshError("FAILED_PRECONDITION", reason);
}
