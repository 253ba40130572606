// What the two Envoy hops cost: rider → edge → Backend → mesh → duration against rider → Backend → duration.

import type { LoadResult } from "./closed-loop.ts";
import { startBenchEnvoy, untilItWorks } from "./envoy.ts";
import { type Generator, startGenerator } from "./generator.ts";
import type { Measurement, Plan, Result } from "./measurement.ts";
import { startNats } from "./nats.ts";
import { ratio, show, spread } from "./numbers.ts";
import { interleave } from "./rounds.ts";
import { quoteBodies } from "./rows.ts";
import { column } from "./samples.ts";
import { startBackend, startDuration } from "./services.ts";

/** The digest of the model alone has 64 bytes; an estimate that the baseline made is shorter. */
const MIN_REPLY_BYTES = 100;
const BOTH_CORES = "0,1";

export const meshHops: Measurement = {
  name: "mesh-hops",
  title: "Quote through both Envoy hops against the same calls without Envoy",
  run: measure,
};

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.adopt(await startNats(BOTH_CORES), (it) => it.stop());
  const generator = stack.adopt(startGenerator(BOTH_CORES), (it) => it.stop());
  const envoy = stack.adopt(await startBenchEnvoy(), (it) => it.stop());
  const duration = stack.adopt(await startDuration(nats.url, { cores: BOTH_CORES }), (it) =>
    it.stop(),
  );
  const meshed = stack.adopt(await startBackend(nats.url, envoy.mesh), (it) => it.stop());
  const direct = stack.adopt(await startBackend(nats.url, duration.address), (it) => it.stop());
  envoy.route("duration-blue", duration.address);
  envoy.route("backend", meshed.address);

  const bodies = quoteBodies();
  const variants = [1, 8].flatMap((callers) => [
    { what: `without Envoy, c = ${callers}`, address: direct.address, callers },
    { what: `both hops, c = ${callers}`, address: envoy.edge, callers },
  ]);
  await untilItWorks(() => quotes(generator, envoy.edge, bodies, 1, 50));
  const samples = await interleave(variants, rounds, ({ address, callers }) =>
    quotes(generator, address, bodies, callers, windowMs),
  );
  const p50 = (variant: number) => column(samples[variant], (s) => s.p50Ms);
  const p99 = (variant: number) => column(samples[variant], (s) => s.p99Ms);
  return {
    rows: variants.map(({ what }, at) => quoteRow(what, samples[at] ?? [])),
    verdicts: [
      { what: "p50 with / without, c = 1", value: ratio(p50(1), p50(0)), aim: { atMost: 1.4 } },
      { what: "p50 with / without, c = 8", value: ratio(p50(3), p50(2)), aim: { atMost: 1.4 } },
      { what: "p99 with / without, c = 1", value: ratio(p99(1), p99(0)) },
      { what: "p99 with / without, c = 8", value: ratio(p99(3), p99(2)) },
    ],
  };
}

function quotes(
  generator: Generator,
  address: string,
  bodies: readonly Buffer[],
  callers: number,
  windowMs: number,
): Promise<LoadResult> {
  return generator.closed({
    address,
    path: "/tripmesh.backend.v1.BackendService/Quote",
    bodies,
    headers: [["x-rider-id", "bench"]],
    callers,
    windowMs,
    minReplyBytes: MIN_REPLY_BYTES,
  });
}

function quoteRow(what: string, samples: readonly LoadResult[]) {
  return {
    what,
    columns: {
      "req/s": show(spread(column(samples, (s) => s.perSecond)), 0),
      "p50 ms": show(spread(column(samples, (s) => s.p50Ms))),
      "p99 ms": show(spread(column(samples, (s) => s.p99Ms))),
    },
  };
}
