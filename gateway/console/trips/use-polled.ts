import { useEffect, useState } from "preact/hooks";
import { ask, Refused } from "../releases/send-command.ts";

/** What was asked for: nothing yet, the latest answer, and why there is no newer one. */
export interface Polled<T> {
  readonly value: T | undefined;
  readonly problem: string | undefined;
  /** Asks anew, also after the last answer. */
  readonly again: () => void;
}

type Known<T> = Omit<Polled<T>, "again"> & { readonly path: string };

/**
 * Asks for `path` now and then every `everyMs`, one question after the other. Ends when `isFinal` says so of an
 * answer, and with a new path begins anew.
 */
export function usePolled<T>(
  path: string,
  everyMs: number,
  isFinal: (value: T, answers: number) => boolean,
): Polled<T> {
  const [state, setState] = useState<Known<T>>({
    ...{ path, value: undefined, problem: undefined },
  });
  const [round, setRound] = useState(0);
  const again = () => setRound((known) => known + 1);
  useEffect(() => {
    let isStopped = false;
    let timer: ReturnType<typeof setTimeout>;
    let answers = 0;
    const next = async () => {
      try {
        const value = await ask<T>(path);
        if (isStopped) return;
        answers++;
        setState({ path, value, problem: undefined });
        if (isFinal(value, answers)) return;
      } catch (cause) {
        if (isStopped) return;
        const problem = cause instanceof Refused ? cause.message : String(cause);
        setState((known) => ({
          ...{ path, problem },
          value: known.path === path ? known.value : undefined,
        }));
      }
      timer = setTimeout(() => void next(), everyMs);
    };
    void next();
    return () => {
      isStopped = true;
      clearTimeout(timer);
    };
  }, [path, round]);
  // Until the effect has run, the state is that of the path before.
  const { value, problem } = state.path === path ? state : { value: undefined, problem: undefined };
  return { value, problem, again };
}
