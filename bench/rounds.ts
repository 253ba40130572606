/**
 * Measures every variant once a round, forwards and backwards in turn (A B B A), after one round that does
 * not count. Gives each variant's samples in the order of the rounds.
 */
export async function interleave<V, S>(
  variants: readonly V[],
  rounds: number,
  measure: (variant: V) => Promise<S>,
): Promise<S[][]> {
  const samples = variants.map((): S[] => []);
  for (const variant of variants) await measure(variant);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? variants.keys() : [...variants.keys()].reverse();
    for (const at of order) samples[at]?.push(await measure(variants[at] as V));
  }
  return samples;
}
