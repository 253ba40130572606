// Predictions a second of the duration service against calls a second of a server that does nothing.
import { freeOtherThreads, OTHER_CORE, SERVER_CORE } from "./cores.ts";
import { startGenerator } from "./generator.ts";
import type { Measurement, Plan, Result } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { ratio } from "./numbers.ts";
import { predictWindow } from "./predict-window.ts";
import { interleave } from "./rounds.ts";
import { predictBodies } from "./rows.ts";
import { column, sampleRow } from "./samples.ts";
import { type Service, startDuration, startEcho } from "./services.ts";

export const durationEcho: Measurement = {
  name: "duration-echo",
  title: "Duration service against a bare grpc-js echo, 64 callers, rotating rows",
  run: measure,
};

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.adopt(await startNats(), (it) => it.stop());
  const generator = stack.adopt(startGenerator(), (it) => it.stop());
  const keep = (service: Service) => stack.adopt(service, (it) => it.stop());
  const echo = keep(await startEcho());
  const oneCore = keep(await startDuration(nats.url));
  const twoCores = keep(await startDuration(nats.url, { cores: `${OTHER_CORE},${SERVER_CORE}` }));
  freeOtherThreads(twoCores.pid);

  const quotes = predictBodies("quotes");
  const trips = predictBodies("trips");
  const variants = [
    { what: "echo", service: echo, bodies: quotes },
    { what: "duration, one core, quotes", service: oneCore, bodies: quotes },
    { what: "duration, one core, trips (logged)", service: oneCore, bodies: trips },
    { what: "duration, worker on the other core, quotes", service: twoCores, bodies: quotes },
    { what: "duration, worker on the other core, trips", service: twoCores, bodies: trips },
  ];
  const samples = await interleave(variants, rounds, ({ service, bodies }) =>
    predictWindow(generator, service, bodies, windowMs),
  );
  const rate = (variant: number) => column(samples[variant], (s) => s.perSecond);
  const p99 = (variant: number) => column(samples[variant], (s) => s.p99Ms);
  const cpuUs = (variant: number) => column(samples[variant], (s) => s.cpuUs);
  const mainUs = (variant: number) => column(samples[variant], (s) => s.mainUs);
  return {
    rows: variants.map(({ what }, at) => sampleRow(what, samples[at])),
    verdicts: [
      { what: "rate / echo, one core", value: ratio(rate(1), rate(0)), aim: { atLeast: 0.6 } },
      { what: "same by processor time", value: ratio(cpuUs(0), cpuUs(1)) },
      { what: "rate / echo, one core, trips", value: ratio(rate(2), rate(0)) },
      { what: "rate / echo, two cores", value: ratio(rate(3), rate(0)), aim: { atLeast: 0.9 } },
      { what: "rate / echo, two cores, trips", value: ratio(rate(4), rate(0)) },
      { what: "same by processor time of the main thread", value: ratio(mainUs(0), mainUs(3)) },
      { what: "p99 / echo's, one core", value: ratio(p99(1), p99(0)) },
      { what: "p99 / echo's, two cores", value: ratio(p99(3), p99(0)) },
    ],
  };
}
