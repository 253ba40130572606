// What traces and metrics cost the duration service, at several sampling rates.
import { freePort } from "../test/harness/free-port.ts";
import { startGenerator } from "./generator.ts";
import type { Measurement, Plan, Result, Verdict } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { ratio, type Spread } from "./numbers.ts";
import { predictWindow } from "./predict-window.ts";
import { interleave } from "./rounds.ts";
import { predictBodies } from "./rows.ts";
import { column, sampleRow } from "./samples.ts";
import { startDuration, startOtlpSink } from "./services.ts";

export const telemetryCost: Measurement = {
  name: "telemetry-cost",
  title:
    "Telemetry: the duration service with traces at several rates, and with metrics, against none",
  run: measure,
};

/** Each is a process of its own; the first is what all others are compared with. */
const variants = [
  { what: "none", traced: false, share: 0, metrics: false },
  { what: "traces, 0 %", traced: true, share: 0, metrics: false },
  { what: "traces, 5 %", traced: true, share: 0.05, metrics: false },
  { what: "traces, 100 %", traced: true, share: 1, metrics: false },
  { what: "metrics alone", traced: false, share: 0, metrics: true },
  { what: "metrics and traces, 5 %", traced: true, share: 0.05, metrics: true },
] as const;

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.adopt(await startNats(), (it) => it.stop());
  const sink = stack.adopt(await startOtlpSink(), (it) => it.stop());
  const generator = stack.adopt(startGenerator(), (it) => it.stop());
  const running = [];
  for (const { traced, share, metrics } of variants) {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: traced ? `http://${sink.address}` : "",
      OTEL_METRICS_EXPORTER: "none",
      ...(metrics && { MESH_METRICS_LISTEN: `127.0.0.1:${await freePort()}` }),
    };
    const service = stack.adopt(await startDuration(nats.url, { env }), (it) => it.stop());
    running.push({ service, share });
  }
  const bodies = predictBodies("quotes");
  const samples = await interleave(running, rounds, ({ service, share }) =>
    predictWindow(generator, service, bodies, windowMs, share),
  );
  const rate = (at: number) => column(samples[at], (s) => s.perSecond);
  const cpu = (at: number) => column(samples[at], (s) => s.cpuUs);
  const costOf = (at: number): Verdict[] => {
    const { what } = variants[at] ?? { what: "" };
    const isAimed = what.includes("5 %");
    return [
      {
        what: `${what}: CPU for a call / none`,
        value: ratio(cpu(at), cpu(0)),
        ...(isAimed && { aim: { atMost: 1.08 } }),
      },
      { what: `${what}: share of the rate`, value: complement(ratio(rate(at), rate(0))) },
    ];
  };
  return {
    rows: variants.map(({ what }, at) => sampleRow(what, samples[at])),
    verdicts: variants.flatMap((_, at) => (at === 0 ? [] : costOf(at))),
    notes: ["Every call has a `traceparent` that says whether it is recorded, as Envoy's would."],
  };
}

function complement({ median, min, max }: Spread): Spread {
  return { median: 1 - median, min: 1 - max, max: 1 - min };
}
