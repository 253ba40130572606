import { MeshError } from "#kit/rpc/errors.ts";
import type { Card } from "./bundle.ts";

/**
 * Refuses a bundle whose inputs or outputs are not the ones that the service was written for, in that
 * order: rows are positional, so a renamed or moved input would be scored without complaint.
 */
export function checkSignature(
  card: Card,
  expected: {
    readonly service: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  },
): void {
  if (card.service !== expected.service) {
    throw new MeshError(
      "FAILED_PRECONDITION",
      `the bundle is of ${card.service}, not of ${expected.service}`,
    );
  }
  compare("inputs", card.inputs, expected.inputs);
  compare("outputs", card.outputs, expected.outputs);
}

function compare(
  what: string,
  found: readonly { readonly name: string }[],
  expected: readonly string[],
) {
  const names = found.map((tensor) => tensor.name);
  if (names.join() === expected.join()) return;
  throw new MeshError(
    "FAILED_PRECONDITION",
    `the card's ${what} are ${names}; the service needs ${expected}`,
  );
}
