import { createBackOff } from "../../cli/up/back-off.ts";
import type { Launch, Listening } from "../../cli/up/child.ts";
import { openProcessLog } from "../../cli/up/process-log.ts";
import { supervise } from "../../cli/up/supervise.ts";
import { until } from "../harness/until.ts";

/** A process of the mesh under `mesh up`'s own supervisor, and what can be done to it. */
export interface Part {
  readonly name: string;
  /** Where it listened last. */
  listening(): Listening;
  isReady(): boolean;
  /** SIGKILL; resolves when the supervisor has it ready again. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the supervisor has it ready again, with these variables for that one run. */
  restart(env?: NodeJS.ProcessEnv): Promise<void>;
  /** SIGTERM by a watchman who found it sick; the supervisor starts it again. */
  restartSick(): Promise<void>;
  /** SIGSTOP, then SIGCONT after a while. */
  pause(ms: number): Promise<void>;
  /** How often it has died so far, and when last (wall clock, ms). */
  deaths(): number;
  diedAt(): number;
  /** What happens between a death and the next start. */
  beforeNextStart(work: () => void): void;
  stop(): Promise<void>;
}

export interface PartOptions {
  readonly name: string;
  /** What to run; asked before every start. */
  readonly launch: (last: Listening | undefined) => Launch;
  readonly logDir: string;
  /** It is ready, the first time or again. */
  readonly onReady?: (listening: Listening) => void;
}

const READY_WITHIN_MS = 45_000;

export async function startPart({ name, launch, logDir, onReady }: PartOptions): Promise<Part> {
  const log = openProcessLog(logDir, name, () => undefined);
  let extra: NodeJS.ProcessEnv = {};
  let betweenRuns: (() => void) | undefined;
  let listening: Listening = {};
  let isReady = false;
  let deaths = 0;
  let diedAt = 0;
  const process_ = supervise({
    launch(last) {
      betweenRuns?.();
      betweenRuns = undefined;
      const { env, ...rest } = launch(last);
      const own = extra;
      extra = {};
      return { ...rest, env: { ...env, ...own } };
    },
    log,
    // The runs of the suite follow each other within seconds; a mesh forgets a death after 30 s.
    backOff: createBackOff({ forgiveAfterMs: 2_000 }),
    onReady(addresses) {
      listening = addresses;
      isReady = true;
      onReady?.(addresses);
    },
    onExit() {
      isReady = false;
      deaths++;
      diedAt = Date.now();
    },
  });
  await process_.started;
  const signal = (name: NodeJS.Signals) => {
    if (process_.pid !== undefined) process.kill(process_.pid, name);
  };
  const again = async (died: number) => {
    await until(`${name} is ready again`, () => deaths > died && isReady, READY_WITHIN_MS);
  };
  return {
    name,
    listening: () => listening,
    isReady: () => isReady,
    deaths: () => deaths,
    diedAt: () => diedAt,
    async kill() {
      const before = deaths;
      signal("SIGKILL");
      await again(before);
    },
    async restart(env = {}) {
      extra = env;
      const before = deaths;
      signal("SIGTERM");
      await again(before);
    },
    restartSick: () => process_.restart(2_000),
    async pause(ms) {
      signal("SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, ms));
      signal("SIGCONT");
    },
    beforeNextStart(work) {
      betweenRuns = work;
    },
    async stop() {
      signal("SIGCONT");
      await process_.stop(5_000);
      log.close();
    },
  };
}
