import { readdirSync, readFileSync, rmSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { runtimeOf } from "#kit/traffic/runtime.ts";
import { split } from "#kit/traffic/testing/split.ts";
import { type EnvoyOptions, renderEnvoy } from "./render.ts";
import { writeTrafficLayer } from "./run-files.ts";
import { type RunningEnvoy, type StartEnvoyOptions, startEnvoy } from "./start.ts";
import { envoyBinary, freePorts, makeRunDir } from "./trial.ts";

test("is ready on the ports that the kernel chose, and gone after stop", async () => {
  const runDir = emptyRunDir();
  const envoy = await start(runDir);
  const ports = [envoy.edge, envoy.mesh, envoy.admin].map((address) => address.split(":")[1]);
  expect(new Set(ports).size).toBe(3);
  expect(ports).not.toContain("0");
  expect((await fetch(`http://${envoy.edge}/healthz`)).status).toBe(200);
  await envoy.stop();
  expect(await envoy.exited).toEqual({ code: 0, signal: null });
  expect(processesNaming(runDir)).toEqual([]);
});

test("comes back on its ports, with the weights as they were saved", async () => {
  const runDir = emptyRunDir();
  const first = await start(runDir);
  writeTrafficLayer(runDir, runtimeOf(split({ tip: { blue: 2500 } })));
  process.kill(first.pid, "SIGKILL");
  expect(await first.exited).toEqual({ code: null, signal: "SIGKILL" });
  const { edge, mesh, admin } = first;
  const second = await start(runDir, { edge, mesh, admin });
  expect(second).toMatchObject({ edge, mesh, admin });
  const runtime = await fetch(`http://${second.admin}/runtime`);
  expect(await runtime.json()).toMatchObject({
    layers: ["base", "saved", "rtds", "admin"],
    entries: {
      "traffic.tip.tip-green": { final_value: "7500", layer_values: ["0", "7500", "", ""] },
      "traffic.cost.cost-blue": { final_value: "10000", layer_values: ["10000", "10000", "", ""] },
    },
  });
});

test("says in one sentence which port is taken, also by another Envoy", async () => {
  const { edge, mesh, admin } = await start(emptyRunDir());
  for (const taken of [{ edge }, { mesh }, { admin }]) {
    const [address] = Object.values(taken);
    const runDir = emptyRunDir();
    await expect(start(runDir, taken)).rejects.toThrow(
      `Envoy ended with code 1: cannot bind '${address}': Address already in use`,
    );
    expect(processesNaming(runDir)).toEqual([]);
  }
});

test("says what is wrong with the configuration or the binary", async () => {
  const runDir = emptyRunDir();
  await expect(launch(runDir, { config: "{ nonsense" })).rejects.toThrow(
    /^Envoy ended with code 1: Unable to parse JSON/,
  );
  await expect(launch(runDir, { binary: "/nowhere/envoy" })).rejects.toThrow(
    "Envoy cannot be started: spawn /nowhere/envoy ENOENT",
  );
});

test("leaves no process when it is called off, or takes too long", async () => {
  const runDir = emptyRunDir();
  const signal = AbortSignal.timeout(1);
  await expect(launch(runDir, { signal })).rejects.toThrow("aborted");
  await expect(launch(runDir, { readyTimeoutMs: 0 })).rejects.toThrow("not ready after 0 ms");
  expect(processesNaming(runDir)).toEqual([]);
});

async function start(runDir: string, ports: Partial<EnvoyOptions> = {}): Promise<RunningEnvoy> {
  const envoy = await launch(runDir, { config: renderEnvoy({ ...freePorts, runDir, ...ports }) });
  onTestFinished(() => envoy.stop());
  return envoy;
}

function launch(runDir: string, options: Partial<StartEnvoyOptions>): Promise<RunningEnvoy> {
  const config = renderEnvoy({ ...freePorts, runDir });
  return startEnvoy({ binary: envoyBinary(), config, runDir, log: () => undefined, ...options });
}

function emptyRunDir(): string {
  const runDir = makeRunDir();
  onTestFinished(() => rmSync(runDir, { recursive: true }));
  return runDir;
}

/** Processes that have the folder in their command line. */
function processesNaming(runDir: string): string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(runDir));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it has ended since
  }
}
