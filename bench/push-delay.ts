// How long after Backend's commit a prediction is at the rider's open stream.
import { setTimeout as sleep } from "node:timers/promises";
import { connectEvents } from "#kit/events/connect.ts";
import { provisionSlot } from "#kit/events/provision.ts";
import { consumerServices } from "#kit/traffic/traffic.ts";
import { startGenerator } from "./generator.ts";
import type { Measurement, Plan, Result, Row } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { show, spread } from "./numbers.ts";
import { busyMs, cpuTime } from "./proc.ts";
import { type Delays, LIFE_MS, type PushResult, type PushWindow } from "./push-load.ts";
import { startBackend, startConsumer, startDuration, startGateway } from "./services.ts";

const CALLS_PER_SECOND = 500;
const READERS = 100;
const AIM_P99_MS = 25;
const ALL_CORES = "0,1";
/** After the load has reached its rate. */
const SETTLE_MS = 2_000;

export const pushDelay: Measurement = {
  name: "push-delay",
  title: `From a trip's call to the answer at its reader, ${CALLS_PER_SECOND} calls a second`,
  run: measure,
};

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const mesh = await startMeshWithoutEnvoy(stack);
  const warmUpMs = LIFE_MS + SETTLE_MS;
  const pushing = mesh.generator.push({
    address: mesh.backend,
    gateway: mesh.gateway,
    callsPerSecond: CALLS_PER_SECOND,
    readers: READERS,
    warmUpMs,
    windows: rounds,
    windowMs,
  });
  const [result, shares] = await Promise.all([
    pushing,
    sleep(warmUpMs).then(() => cpuShares(mesh.pids, rounds * windowMs)),
  ]);
  const p99 = (of: (window: PushWindow) => Delays) =>
    spread(result.windows.map((window) => of(window).p99Ms));
  const aim = { atMost: AIM_P99_MS };
  return {
    rows: [
      delayRow("since the call was sent", result, ({ sinceSent }) => sinceSent),
      delayRow("since its response was back", result, ({ sinceResponse }) => sinceResponse),
      ...shares.map(({ name, share }) => ({
        what: name,
        columns: { "share of a core": `${(share * 100).toFixed(0)} %` },
      })),
    ],
    verdicts: [
      { what: "p99 since the response", value: p99((it) => it.sinceResponse), unit: "ms", aim },
      { what: "p99 since the call: more than", value: p99((it) => it.sinceSent), unit: "ms", aim },
    ],
    notes: [loadNote(result)],
  };
}

/** Every process that is on an answer's way, Backend and gateway joined directly. */
async function startMeshWithoutEnvoy(stack: AsyncDisposableStack) {
  const pids: Record<string, number> = {};
  const keep = async <T extends { readonly pid: number; stop(): Promise<void> }>(
    name: string,
    starting: T | Promise<T>,
  ): Promise<T> => {
    const started = stack.adopt(await starting, (it) => it.stop());
    pids[name] = started.pid;
    return started;
  };
  const { url } = await keep("nats-server", startNats(ALL_CORES));
  const events = await connectEvents({ url, name: "bench" });
  for (const service of consumerServices) await provisionSlot(events, service, "blue", "all");
  await events.close();
  const duration = await keep("duration", startDuration(url, { cores: ALL_CORES }));
  const backend = await keep("backend", startBackend(url, duration.address));
  for (const service of consumerServices) {
    await keep(service, startConsumer({ service, slot: "blue", nats: url }));
  }
  const gateway = await keep("gateway", startGateway(url, backend.address));
  const generator = await keep("load and readers", startGenerator(ALL_CORES));
  return { generator, backend: backend.address, gateway: gateway.address, pids };
}

/** Which share of a core each process uses in this time, and what else runs on the machine. */
async function cpuShares(pids: Readonly<Record<string, number>>, spanMs: number) {
  const used = () => [...Object.values(pids).map((pid) => cpuTime(pid).allThreadsMs), busyMs()];
  const before = used();
  const begun = performance.now();
  await sleep(spanMs);
  const tookMs = performance.now() - begun;
  const all = used().map((ms, at) => (ms - (before[at] ?? 0)) / tookMs);
  const own = all.slice(0, -1);
  const rest = (all.at(-1) ?? 0) - own.reduce((sum, share) => sum + share, 0);
  return [
    ...Object.keys(pids).map((name, at) => ({ name, share: own[at] ?? 0 })),
    { name: "everything else on the machine", share: rest },
  ];
}

function delayRow(what: string, { windows }: PushResult, of: (window: PushWindow) => Delays): Row {
  return {
    what,
    columns: {
      "p50 ms": show(spread(windows.map((window) => of(window).p50Ms)), 1),
      "p99 ms": show(spread(windows.map((window) => of(window).p99Ms)), 1),
    },
  };
}

function loadNote({ windows, mostReaders }: PushResult): string {
  const rate = show(spread(windows.map(({ callsPerSecond }) => callsPerSecond)), 0);
  const sum = (of: (window: PushWindow) => number) =>
    windows.reduce((total, window) => total + of(window), 0).toLocaleString("en");
  return (
    `${rate} calls a second, ${sum((it) => it.failures)} failed; ${mostReaders} readers at once; ` +
    `${sum((it) => it.answers)} answers, ${sum((it) => it.missing)} of them missing.`
  );
}
