/** How long to wait before a process that died is started again. */
export interface BackOff {
  /** The wait before the next start, ms, given how long the last run was healthy. */
  nextMs(healthyForMs: number): number;
}

export interface BackOffOptions {
  /** First wait, ms. Default 200: most deaths are one-offs, and somebody is waiting. */
  readonly firstMs?: number;
  /** Longest wait, ms. Default 10 000: a broken part must not eat the machine. */
  readonly longestMs?: number;
  /** A run that was healthy for so long starts the series anew, ms. Default 30 000. */
  readonly forgiveAfterMs?: number;
}

/** Doubles from the first wait to the longest. */
export function createBackOff(options: BackOffOptions = {}): BackOff {
  const { firstMs = 200, longestMs = 10_000, forgiveAfterMs = 30_000 } = options;
  let next = firstMs;
  return {
    nextMs(healthyForMs) {
      if (healthyForMs >= forgiveAfterMs) next = firstMs;
      const wait = next;
      next = Math.min(next * 2, longestMs);
      return wait;
    },
  };
}
