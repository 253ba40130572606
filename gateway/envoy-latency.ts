import { z } from "zod";

const HISTOGRAM = "cluster.backend.upstream_rq_time";

const statsSchema = z.object({
  stats: z.array(
    z.object({
      histograms: z
        .object({
          supported_quantiles: z.array(z.number()),
          computed_quantiles: z.array(
            z.object({
              name: z.string(),
              values: z.array(
                z.object({ interval: z.number().nullish(), cumulative: z.number().nullish() }),
              ),
            }),
          ),
        })
        .optional(),
    }),
  ),
});

export interface Latency {
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export const noLatency: Latency = { p50Ms: null, p99Ms: null };

/** Latencies of the requests to Backend over Envoy's last few seconds, from its own histogram. */
export async function readLatency(admin: string, timeoutMs = 1000): Promise<Latency> {
  const filter = encodeURIComponent("^cluster\\.backend\\.upstream_rq_time$");
  const response = await fetch(`http://${admin}/stats?filter=${filter}&format=json`, {
    signal: AbortSignal.timeout(timeoutMs),
  });
  return parseLatency(await response.json());
}

/** Reads Envoy's answer; without traffic in its last interval there is no latency. */
export function parseLatency(answer: unknown): Latency {
  const parsed = statsSchema.safeParse(answer);
  if (!parsed.success) return noLatency;
  const histograms = parsed.data.stats.find((stat) => stat.histograms)?.histograms;
  const computed = histograms?.computed_quantiles.find(({ name }) => name === HISTOGRAM);
  const at = (quantile: number) => {
    const index = histograms?.supported_quantiles.indexOf(quantile) ?? -1;
    return computed?.values[index]?.interval ?? null;
  };
  return { p50Ms: at(50), p99Ms: at(99) };
}
