import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Style } from "../output/style.ts";
import { Problem } from "../problem.ts";
import { renderBanner } from "./banner.ts";
import { endLeftovers } from "./leftovers.ts";
import { lockDataDir } from "./lock.ts";
import { createLogPrinter } from "./log-printer.ts";
import { createMesh, type Mesh, type Started } from "./mesh.ts";
import { removeMeshFile } from "./mesh-file.ts";
import type { UpOptions } from "./options.ts";
import { StartFailure } from "./parts.ts";
import { plannedPorts, requireFreePorts } from "./ports.ts";
import { createProgress } from "./progress.ts";
import { targetsFile } from "./scrape-targets.ts";
import { type SignalSource, watchStopSignals } from "./stop-signals.ts";
import { readTools } from "./tools.ts";

export interface RunDependencies {
  readonly env: NodeJS.ProcessEnv;
  /** Where Ctrl-C comes from. */
  readonly signals: SignalSource;
  readonly style: Style;
  readonly print: (line: string) => void;
}

/** Starts the mesh, keeps it running until it is to stop, and stops it. Fails with a `Problem`. */
export async function runUp(options: UpOptions, dependencies: RunDependencies): Promise<void> {
  const { env, style, print } = dependencies;
  const tools = readTools(options.root, env);
  const lock = lockDataDir(options.dataDir);
  const signals = watchStopSignals(dependencies.signals, () => performance.now());
  const stopping = new AbortController();
  try {
    removeMeshFile(options.dataDir); // of a mesh that was killed
    const progress = createProgress(options.json ? () => undefined : print, style);
    const left = await endLeftovers(join(options.dataDir, "run"));
    if (left.length > 0) progress.say(`Ended what a killed mesh had left: ${left.join(", ")}.`);
    const { ports, all } = plannedPorts(options);
    await requireFreePorts(all);
    const mesh = createMesh({
      options,
      tools,
      ports,
      progress,
      print: createLogPrinter({ verbose: options.verbose, json: options.json, style, print }),
      env,
      signal: stopping.signal,
    });
    await runMesh(mesh, options, { ...dependencies, signals, stopping });
  } finally {
    signals.close();
    removeMeshFile(options.dataDir);
    lock.release();
  }
}

interface MeshRun extends Pick<RunDependencies, "print" | "style"> {
  readonly signals: ReturnType<typeof watchStopSignals>;
  readonly stopping: AbortController;
}

async function runMesh(mesh: Mesh, options: UpOptions, run: MeshRun): Promise<void> {
  const killOnExit = () => mesh.kill(); // should this process fail, nothing may stay behind
  process.once("exit", killOnExit);
  try {
    const started = await Promise.race([startMesh(mesh), run.signals.stop]);
    if (typeof started === "object") {
      announce(started, options, run);
      await untilStop(mesh, options, run);
    }
  } finally {
    run.stopping.abort(new Error("the mesh is stopping"));
    const say = options.json || mesh.processes() === 0 ? () => undefined : run.print;
    say("Stopping …");
    await stopMesh(mesh, run);
    process.off("exit", killOnExit);
    say("Stopped.");
  }
}

async function startMesh(mesh: Mesh): Promise<Started> {
  try {
    return await mesh.start();
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    if (cause instanceof StartFailure) {
      throw new Problem(`The mesh did not start: ${cause.message}; see ${cause.logPath}.`, {
        details: cause.tail,
        cause,
      });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(`The mesh did not start: ${reason.replace(/\.$/, "")}.`, { cause });
  }
}

function announce(started: Started, options: UpOptions, { print, style }: MeshRun): void {
  if (!options.json) {
    const logDir = join(options.dataDir, "logs");
    const banner = {
      mesh: started.addresses,
      trips: started.trips,
      logDir,
      targets: options.metrics ? targetsFile(options.dataDir) : undefined,
    };
    for (const line of renderBanner(banner, style)) print(line);
  }
  if (options.json || options.autoPorts) print(JSON.stringify(started.addresses));
  print("mesh is ready");
}

/** A signal, the time that was given, or the end of the replay. */
async function untilStop(mesh: Mesh, options: UpOptions, { signals }: MeshRun): Promise<void> {
  const timer = new AbortController();
  const reasons: Promise<unknown>[] = [signals.stop];
  if (options.forMs !== undefined) {
    // Aborted when something else was first.
    reasons.push(sleep(options.forMs, undefined, { signal: timer.signal }).catch(() => undefined));
  }
  if (options.exitAfterReplay) reasons.push(mesh.replayed);
  await Promise.race(reasons);
  timer.abort();
}

async function stopMesh(mesh: Mesh, { signals, print }: MeshRun): Promise<void> {
  const stopped = mesh.stop();
  const forced = signals.force.then(() => {
    print("Asked twice: killing what is left.");
    mesh.kill();
  });
  await Promise.race([stopped, forced]);
  await stopped; // what was killed has still to be seen to end
}
