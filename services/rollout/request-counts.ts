import { z } from "zod";
import { type Slot, slots } from "#kit/traffic/traffic.ts";

/** Requests to the duration service so far, as one Envoy has counted them. */
export interface RequestCounts {
  readonly requests: Readonly<Record<Slot, number>>;
  /** Answers that were an error, or none. */
  readonly errors: Readonly<Record<Slot, number>>;
  /** Answers that took longer than the objective. */
  readonly slow: Readonly<Record<Slot, number>>;
}

/** Above this an answer is slow, ms; one of the bounds of Envoy's histograms. */
const OBJECTIVE_MS = 50;
const TIMEOUT_MS = 1_000;
const FILTER =
  "^cluster\\.duration-(blue|green)(-shadow)?\\.(grpc\\..*\\.(total|success)|upstream_rq_time)$";
const name =
  /^cluster\.duration-(blue|green)(?:-shadow)?\.(?:grpc\..*\.(total|success)|upstream_rq_time)$/;

const answer = z.object({
  stats: z.array(
    z.looseObject({
      name: z.string().optional(),
      value: z.number().optional(),
      histograms: z
        .array(
          z.object({
            name: z.string(),
            buckets: z.array(z.object({ upper_bound: z.number(), cumulative: z.number() })),
          }),
        )
        .optional(),
    }),
  ),
});

/** Asks Envoy. What it mirrors and what is asked in hindsight counts like what riders ask: it is load as well. */
export async function readRequestCounts(admin: string): Promise<RequestCounts> {
  const url = new URL(`http://${admin}/stats`);
  url.search = String(
    new URLSearchParams({ format: "json", histogram_buckets: "cumulative", filter: FILTER }),
  );
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return countRequests(answer.parse(await response.json()));
}

/** What Envoy's statistics say. */
export function countRequests({ stats }: z.output<typeof answer>): RequestCounts {
  const total = bySlot();
  const success = bySlot();
  const slow = bySlot();
  for (const { name: text = "", value = 0, histograms = [] } of stats) {
    const [, slot, what] = name.exec(text) ?? [];
    if (what === "total") total[slot as Slot] += value;
    if (what === "success") success[slot as Slot] += value;
    for (const { name: of, buckets } of histograms) {
      const [, at] = name.exec(of) ?? [];
      if (at === undefined) continue;
      const within =
        buckets.find(({ upper_bound }) => upper_bound >= OBJECTIVE_MS)?.cumulative ?? 0;
      slow[at as Slot] += (buckets.at(-1)?.cumulative ?? 0) - within;
    }
  }
  const errors = bySlot();
  for (const slot of slots) errors[slot] = Math.max(0, total[slot] - success[slot]);
  return { requests: total, errors, slow };
}

function bySlot(): Record<Slot, number> {
  return { blue: 0, green: 0 };
}
