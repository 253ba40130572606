/** What one way of scoring said about all rows. */
export interface Answers {
  /** The way, e.g. `stream consumer`. */
  readonly mode: string;
  /** How many rows travelled together, and other settings, e.g. `batches of 32`. */
  readonly setting: string;
  /** One array an output that this way gives back, by its name in the card. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** SHA-256 of each row as it was fed, lower-case hex, where this way tells. */
  readonly hashes?: readonly string[];
}

/** How far two ways are apart. */
export interface Difference {
  readonly a: string;
  readonly b: string;
  /** Outputs that both give back. */
  readonly outputs: readonly string[];
  /** Rows of which any output has other bits. */
  readonly rows: number;
  /** Largest difference, in units of the last place of float32: 0 is bit-equal. */
  readonly ulps: number;
  /** Largest absolute difference, in the unit of the output. */
  readonly largest: number;
  /** Rows that were fed differently, where both tell. */
  readonly inputs?: number;
}

/** `stream consumer, batches of 64`. */
export function nameOf({ mode, setting }: Answers): string {
  return `${mode}, ${setting}`;
}

/** Compares two ways bit by bit over the outputs that both give. */
export function compare(a: Answers, b: Answers): Difference {
  const outputs = Object.keys(a.outputs).filter((name) => name in b.outputs);
  const differing = new Set<number>();
  let ulps = 0;
  let largest = 0;
  for (const name of outputs) {
    const left = a.outputs[name] ?? new Float32Array();
    const right = b.outputs[name] ?? new Float32Array();
    if (left.length !== right.length) {
      throw new RangeError(`${nameOf(a)} gives ${left.length} rows, ${nameOf(b)} ${right.length}`);
    }
    const leftOrder = inOrder(left);
    const rightOrder = inOrder(right);
    for (let row = 0; row < left.length; row++) {
      const apart = Math.abs((leftOrder[row] as number) - (rightOrder[row] as number));
      if (apart === 0) continue;
      differing.add(row);
      ulps = Math.max(ulps, apart);
      largest = Math.max(largest, Math.abs((left[row] as number) - (right[row] as number)));
    }
  }
  const { hashes } = a;
  const inputs = hashes && b.hashes?.filter((hash, row) => hash !== hashes[row]).length;
  return {
    a: nameOf(a),
    b: nameOf(b),
    outputs,
    rows: differing.size,
    ulps,
    largest,
    ...(inputs === undefined ? {} : { inputs }),
  };
}

/** Every pair once. */
export function compareAll(answers: readonly Answers[]): Difference[] {
  return answers.flatMap((a, i) => answers.slice(i + 1).map((b) => compare(a, b)));
}

/** Float32 as whole numbers that keep the order: their difference counts representable values, -0 and 0 are two. */
function inOrder(values: Float32Array): Float64Array {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  return Float64Array.from(bits, (word) => (word < 0 ? -1 - (word & 0x7fffffff) : word));
}
