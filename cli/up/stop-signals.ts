/** What the user asked for by signals. */
export interface StopSignals {
  /** The first signal: stop in order. */
  readonly stop: Promise<NodeJS.Signals>;
  /** A second one, more than two seconds later: stop now. */
  readonly force: Promise<NodeJS.Signals>;
  /** Stops listening. */
  close(): void;
}

/** Where signals come from: the process, or a test. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** npm passes on a Ctrl-C that the terminal has already delivered: within this time it is the same one. */
const SAME_MS = 2_000;

export function watchStopSignals(source: SignalSource, nowMs: () => number): StopSignals {
  const stop = Promise.withResolvers<NodeJS.Signals>();
  const force = Promise.withResolvers<NodeJS.Signals>();
  let firstAtMs: number | undefined;
  const take = (signal: NodeJS.Signals) => {
    if (firstAtMs === undefined) {
      firstAtMs = nowMs();
      stop.resolve(signal);
    } else if (nowMs() - firstAtMs > SAME_MS) force.resolve(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const; // SIGHUP: the terminal was closed
  for (const signal of signals) source.on(signal, take);
  return {
    stop: stop.promise,
    force: force.promise,
    close: () => {
      for (const signal of signals) source.off(signal, take);
    },
  };
}
