// What logging predictions to a real stream costs the duration service.
import { startGenerator } from "./generator.ts";
import type { Measurement, Plan, Result } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { ratio, spread } from "./numbers.ts";
import { predictWindow } from "./predict-window.ts";
import { interleave } from "./rounds.ts";
import { predictBodies } from "./rows.ts";
import { column, sampleRow } from "./samples.ts";
import { startDuration } from "./services.ts";

export const eventCost: Measurement = {
  name: "event-cost",
  title: "Prediction log: trips (logged, acknowledged batches) against quotes (not logged)",
  run: measure,
};

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.adopt(await startNats(), (it) => it.stop());
  const generator = stack.adopt(startGenerator(), (it) => it.stop());
  const service = stack.adopt(await startDuration(nats.url), (it) => it.stop());

  const variants = [
    { what: "quotes", bodies: predictBodies("quotes") },
    { what: "trips", bodies: predictBodies("trips") },
  ];
  const samples = await interleave(variants, rounds, ({ bodies }) =>
    predictWindow(generator, service, bodies, windowMs),
  );
  const rate = (variant: number) => column(samples[variant], (s) => s.perSecond);
  const cpu = (variant: number) => column(samples[variant], (s) => s.cpuUs);
  const kept = ratio(rate(1), rate(0));
  const cost = { median: 1 - kept.median, min: 1 - kept.max, max: 1 - kept.min };
  return {
    rows: variants.map(({ what }, at) => sampleRow(what, samples[at])),
    verdicts: [
      { what: "share of the rate that the log costs", value: cost, aim: { atMost: 0.15 } },
      { what: "CPU with log / without", value: ratio(cpu(1), cpu(0)) },
      {
        what: "CPU of the log",
        value: spread(cpu(1).map((us, i) => us - (cpu(0)[i] ?? 0))),
        unit: "µs",
      },
    ],
  };
}
