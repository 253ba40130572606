/** Draws that depend on nothing but their seed. */
export interface Random {
  /** Uniform, 0 included, 1 excluded. */
  uniform(): number;
  /** Normal, mean 0, standard deviation 1. */
  normal(): number;
  /** Exponential, mean 1. */
  exponential(): number;
}

/**
 * A generator (sfc32) seeded with text, so that every trip has its own draws, whatever happened before it.
 *
 * Not for secrets. Same text, same draws, on every machine.
 */
export function createRandom(seed: string): Random {
  const next = sfc32(seed);
  const uniform = () => next() / 2 ** 32;
  return {
    uniform,
    normal() {
      // Box-Muller; 1 - u keeps the logarithm away from 0.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      return radius * Math.cos(2 * Math.PI * uniform());
    },
    exponential: () => -Math.log(1 - uniform()),
  };
}

/** Running sums of weights, for `pickIndex`. */
export function runningSums(weights: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(weights, (weight) => {
    sum += weight;
    return sum;
  });
}

/** Index, 0 to the last, that the draw `uniform` falls on when each has its weight. */
export function pickIndex(sums: Float64Array, uniform: number): number {
  const target = uniform * (sums.at(-1) ?? 0);
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

function sfc32(seed: string): () => number {
  let a = hash(seed, 0x9e3779b9);
  let b = hash(seed, 0x243f6a88);
  let c = hash(seed, 0xb7e15162);
  let counter = 1;
  const next = () => {
    const out = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out >>> 0;
  };
  for (let round = 0; round < 12; round++) next(); // lets the seed reach every bit
  return next;
}

/** FNV-1a with murmur's finish: close texts get unrelated numbers. */
function hash(text: string, salt: number): number {
  let h = salt ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
