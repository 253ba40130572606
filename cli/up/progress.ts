import type { Style } from "../output/style.ts";

/** Shows the steps of a start as they are taken. */
export interface Progress {
  /** Runs a step and tells how long it took; a long one says every few seconds that it goes on. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  say(text: string): void;
}

/** How often a long step says that it goes on, ms. */
const PATIENCE_MS = 5_000;

export function createProgress(print: (line: string) => void, style: Style): Progress {
  return {
    say: print,
    async step(name, work) {
      const started = performance.now();
      const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
      const still = setInterval(
        () => print(style.dim(`  …    ${name}: still at it after ${seconds()}`)),
        PATIENCE_MS,
      );
      try {
        const result = await work();
        print(`  ${style.good("ok")}   ${name} ${style.dim(seconds())}`);
        return result;
      } finally {
        clearInterval(still);
      }
    },
  };
}
