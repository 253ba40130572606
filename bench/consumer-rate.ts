// Events a second that one consumer process answers from a backlog, against only acknowledging them.
import { jetstreamManager } from "@nats-io/jetstream";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import { BACKLOG_DURABLE, drainedRow, openBacklog } from "./backlog.ts";
import { freeOtherThreads, OTHER_CORE, SERVER_CORE } from "./cores.ts";
import type { Measurement, Plan, Result } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { ratio } from "./numbers.ts";
import { interleave } from "./rounds.ts";
import { column } from "./samples.ts";
import { type Service, startConsumer, startPlainConsumer } from "./services.ts";

/** 40,000 events in a full run. */
const TRIPS_PER_WINDOW_MS = 4;

export const consumerRate: Measurement = {
  name: "consumer-rate",
  title: "Tip answering a backlog against only acknowledging the same messages",
  run: measure,
};

interface Variant {
  readonly what: string;
  readonly start: () => Promise<Service>;
  readonly answers: boolean;
}

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.adopt(await startNats(), (it) => it.stop());
  const events = stack.adopt(await connectEvents({ url: nats.url, name: "bench" }), (it) =>
    it.close(),
  );
  const backlog = await openBacklog(events, windowMs * TRIPS_PER_WINDOW_MS);
  const variants = variantsOn(nats.url);
  const samples = await interleave(variants, rounds, async ({ what, start, answers }) => {
    const drained = await backlog.drain(async (started) => [
      started.adopt(await start(), (it) => it.stop()),
    ]);
    const stored = await predictionsStored(events);
    const expected = answers ? backlog.events : 0;
    if (stored !== expected) throw new Error(`${what}: ${stored} predictions, not ${expected}`);
    return drained;
  });
  const rate = (variant: number) => column(samples[variant], (s) => s.perSecond);
  const cpuUs = (variant: number) => column(samples[variant], (s) => s.cpuUs);
  const mainUs = (variant: number) => column(samples[variant], (s) => s.mainUs);
  return {
    rows: variants.map(({ what }, at) => drainedRow(what, samples[at] ?? [])),
    verdicts: [
      { what: "rate / plain, one core", value: ratio(rate(1), rate(0)), aim: { atLeast: 0.5 } },
      { what: "same by processor time", value: ratio(cpuUs(0), cpuUs(1)) },
      { what: "rate / plain, two cores", value: ratio(rate(2), rate(0)) },
      { what: "same by processor time of the main thread", value: ratio(mainUs(0), mainUs(2)) },
    ],
    notes: [`${backlog.events.toLocaleString("en")} events, the same for all.`],
  };
}

function variantsOn(nats: string): Variant[] {
  const tip = { service: "tip", slot: "blue", nats } as const;
  return [
    {
      what: "consume and acknowledge",
      start: () => startPlainConsumer(nats, BACKLOG_DURABLE),
      answers: false,
    },
    {
      what: "tip, one core",
      start: () => startConsumer({ ...tip, cores: SERVER_CORE }),
      answers: true,
    },
    {
      what: "tip, worker on the other core",
      async start() {
        const service = await startConsumer({ ...tip, cores: `${OTHER_CORE},${SERVER_CORE}` });
        freeOtherThreads(service.pid);
        return service;
      },
      answers: true,
    },
  ];
}

async function predictionsStored(events: Events): Promise<number> {
  const manager = await jetstreamManager(events.connection);
  return (await manager.streams.info(streams.predictions)).state.messages;
}
