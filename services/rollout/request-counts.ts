import { z } from "zod";
import { type Slot, slots } from "#kit/traffic/traffic.ts";

/** What was counted of one slot of a service so far. Each number only grows. */
export interface SlotCounts {
  /** Requests that are over: asked live, by name of the slot, or as a copy. */
  readonly requests: number;
  /** Of those, the ones whose answer was an error, or that Envoy had to answer itself. */
  readonly errors: number;
  /** Answers whose time is known, and those of them that took longer than the objective. */
  readonly timed: number;
  readonly slow: number;
  /** Events that were given to a consumer again; of requests none. May begin anywhere. */
  readonly redelivered: number;
}

export type RequestCounts = Readonly<Record<Slot, SlotCounts>>;

/** The same where a slot may have none. */
export type CountsBySlot = Readonly<Record<Slot, SlotCounts | undefined>>;

/** Above this an answer is slow, ms; one of the bounds of Envoy's histograms. */
const OBJECTIVE_MS = 50;
const TIMEOUT_MS = 1_000;

/**
 * Live clusters count by grpc_stats. Copies pass no filter of the listener: their answers are counted by the
 * filter of their own cluster (envoy.yaml), and what Envoy answered itself as 5xx.
 */
const good = /^(?:grpc\..*\.success|lua\..*\.answered)$/;
const bad = /^(?:grpc\..*\.failure|lua\..*\.failed)$/;
const OWN_ERRORS = "upstream_rq_5xx";
/** Copies that were dropped because too many were under way: never asked, so never answered. */
const dropped = ["upstream_rq_active_overflow", "upstream_rq_pending_overflow"];
const TIME = "upstream_rq_time";

const FILTER =
  "^cluster\\.duration-(blue|green)(-shadow)?\\.(grpc\\..*\\.(success|failure)|lua\\..*\\.(answered|failed)|upstream_rq_(5xx|active_overflow|pending_overflow|time))$";
const name = /^cluster\.duration-(blue|green)(-shadow)?\.(.*)$/;

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

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What Envoy's statistics say. */
export function countRequests({ stats }: z.output<typeof answer>): RequestCounts {
  const counts = Object.fromEntries(
    slots.map((slot) => [slot, { requests: 0, errors: 0, timed: 0, slow: 0, redelivered: 0 }]),
  ) as Record<Slot, Writable<SlotCounts>>;
  for (const { name: text = "", value = 0, histograms = [] } of stats) {
    const [, slot, shadow, what = ""] = name.exec(text) ?? [];
    const of = counts[slot as Slot];
    if (of) count(of, { what, isShadow: shadow !== undefined, value });
    for (const { name: timed, buckets } of histograms) {
      const [, at, , which] = name.exec(timed) ?? [];
      if (which === TIME) time(counts[at as Slot], buckets);
    }
  }
  return counts;
}

function count(
  of: Writable<SlotCounts>,
  { what, isShadow, value }: { what: string; isShadow: boolean; value: number },
): void {
  const isError = bad.test(what) || (isShadow && what === OWN_ERRORS);
  if (isError) of.errors += value;
  if (isError || good.test(what)) of.requests += value;
  if (isShadow && dropped.includes(what)) {
    of.errors -= value; // to Envoy they are 5xx as well
    of.requests -= value;
  }
}

function time(
  of: Writable<SlotCounts>,
  buckets: readonly { readonly upper_bound: number; readonly cumulative: number }[],
): void {
  const all = buckets.at(-1)?.cumulative ?? 0;
  of.timed += all;
  of.slow +=
    all - (buckets.find(({ upper_bound }) => upper_bound >= OBJECTIVE_MS)?.cumulative ?? 0);
}
