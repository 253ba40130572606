/** What has happened in this run, for the log. Counts only grow. */
export interface Tally {
  /** Trips that the mesh accepted. */
  requested: number;
  /** Trips whose truth the mesh has. */
  completed: number;
  /** Trips given up because a call failed for good. */
  failed: number;
  /** Trips that the mesh already knew as finished, from an earlier replay. */
  knownBefore: number;
  /** Answered calls. */
  calls: number;
  /** Repeated calls. */
  retries: number;
}

/** All zero. */
export function createTally(): Tally {
  return { requested: 0, completed: 0, failed: 0, knownBefore: 0, calls: 0, retries: 0 };
}
