import { setTimeout as sleep } from "node:timers/promises";

/** Requests that go on at a steady rate, whatever becomes of them. */
export interface Flow {
  /** How often each answer came, so far. */
  readonly answers: Readonly<Record<string, number>>;
  /** Sends no more, waits for what is under way, and tells what failed. */
  stop(): Promise<{
    readonly sent: number;
    readonly failed: readonly string[];
    readonly answers: Readonly<Record<string, number>>;
  }>;
}

export function flow(ask: () => Promise<string>, perSecond: number): Flow {
  const answers: Record<string, number> = {};
  const failed: string[] = [];
  const open = new Set<Promise<void>>();
  const startedAt = performance.now();
  let sent = 0;
  let stopped = false;

  function send(): void {
    sent++;
    const one = ask()
      .then(
        (answer) => {
          answers[answer] = (answers[answer] ?? 0) + 1;
        },
        (cause: unknown) => {
          failed.push(String(cause));
        },
      )
      .finally(() => open.delete(one));
    open.add(one);
  }

  const over = (async () => {
    while (!stopped) {
      // By the clock: a timer that was late sends what it owes.
      while (sent < ((performance.now() - startedAt) / 1000) * perSecond) send();
      await sleep(5);
    }
    await Promise.all(open);
  })();
  return {
    answers,
    async stop() {
      stopped = true;
      await over;
      return { sent, failed, answers };
    },
  };
}
