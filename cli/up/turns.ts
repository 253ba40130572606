/** Work that may not overlap. */
export interface Turns {
  /** Does the work once all that came before it has ended, well or not. */
  take<T>(work: () => Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(work) {
      const mine = last.then(work);
      last = mine.catch(() => undefined); // told to whoever asked for it
      return mine;
    },
  };
}
