// What more processes on one durable bring, and whether they say the same as one.
import { jetstreamManager } from "@nats-io/jetstream";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import { drainedRow, openBacklog } from "./backlog.ts";
import type { Measurement, Plan, Result } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { ratio } from "./numbers.ts";
import { interleave } from "./rounds.ts";
import { column } from "./samples.ts";
import { type Service, startConsumer } from "./services.ts";

const PROCESSES = [1, 2, 4];
const ALL_CORES = "0,1";
/** 40,000 events in a full run. */
const TRIPS_PER_WINDOW_MS = 4;

export const scaleOut: Measurement = {
  name: "scale-out",
  title: "One, two and four processes of tip on one durable",
  run: measure,
};

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.adopt(await startNats(ALL_CORES), (it) => it.stop());
  const events = stack.adopt(await connectEvents({ url: nats.url, name: "bench" }), (it) =>
    it.close(),
  );
  const backlog = await openBacklog(events, windowMs * TRIPS_PER_WINDOW_MS);
  let single: ReadonlyMap<string, string> | undefined;
  let compared = 0;
  const samples = await interleave(PROCESSES, rounds, async (processes) => {
    const drained = await backlog.drain((started) => startTips(processes, nats.url, started));
    const answers = await readAnswers(events);
    single ??= answers; // the first variant of the first round is one process
    checkSame(answers, single, backlog.events);
    compared += answers.size;
    return drained;
  });
  const rate = (variant: number) => column(samples[variant], (s) => s.perSecond);
  const perCpu = (variant: number) => column(samples[variant], (s) => s.perCpuSecond);
  return {
    rows: PROCESSES.map((processes, at) =>
      drainedRow(`processes: ${processes}`, samples[at] ?? []),
    ),
    verdicts: [
      { what: "rate, two / one", value: ratio(rate(1), rate(0)) },
      { what: "rate, four / one", value: ratio(rate(2), rate(0)) },
      { what: "events per CPU second, two / one", value: ratio(perCpu(1), perCpu(0)) },
      { what: "events per CPU second, four / one", value: ratio(perCpu(2), perCpu(0)) },
    ],
    notes: [
      `${backlog.events.toLocaleString("en")} events; every time one prediction for each trip and sequence, ` +
        `with the values of the single process (${compared.toLocaleString("en")} compared).`,
      "Two cores carry all processes with their workers and nats-server: four cannot be faster than two.",
    ],
  };
}

/** All at once; those that did start end even when another did not. */
async function startTips(
  processes: number,
  nats: string,
  stack: AsyncDisposableStack,
): Promise<Service[]> {
  return Promise.all(
    Array.from({ length: processes }, async () => {
      const tip = await startConsumer({ service: "tip", slot: "blue", nats, cores: ALL_CORES });
      return stack.adopt(tip, (it) => it.stop());
    }),
  );
}

/** Every stored prediction's values by trip and sequence; a second one for the same is an error. */
async function readAnswers(events: Events): Promise<Map<string, string>> {
  const manager = await jetstreamManager(events.connection);
  const { messages: total } = (await manager.streams.info(streams.predictions)).state;
  const consumer = await events.js.consumers.get(streams.predictions); // ordered: all, once, in order
  const answers = new Map<string, string>();
  const messages = await consumer.consume({ max_messages: 1_000 });
  let read = 0;
  for await (const message of messages) {
    for (const prediction of PredictionBatch.decode(message.data).predictions) {
      const { tripId, eventSeq, value, lower, upper } = prediction;
      const key = `${tripId}:${eventSeq}`;
      if (answers.has(key)) throw new Error(`there are two predictions for ${key}`);
      answers.set(key, `${value} [${lower}..${upper}]`);
    }
    if (++read >= total) break;
  }
  await messages.close();
  return answers;
}

function checkSame(
  answers: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
  events: number,
): void {
  if (answers.size !== events) throw new Error(`${answers.size} predictions for ${events} events`);
  for (const [key, values] of answers) {
    if (values !== expected.get(key)) {
      throw new Error(`${key}: ${values}, but one process alone said ${expected.get(key)}`);
    }
  }
}
