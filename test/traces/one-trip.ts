// One trip through a running mesh by a person's own calls, and the spans that it left.
import { randomBytes } from "node:crypto";
import type { TraceSpan } from "../../gateway/traces/trace-span.ts";
import type { TestMesh } from "../harness/mesh.ts";
import { until } from "../harness/until.ts";
import { type Edge, edges, type Tap } from "./edges.ts";
import { missingEdges, type TapContext } from "./missing-edges.ts";

const RIDER = "traced";
const CALL_MS = 10_000;

export interface OneTrip {
  readonly tripId: string;
  readonly taps: Readonly<Record<Tap, TapContext>>;
  /** `traceparent` of every update that reached the screen, by the way it came. */
  readonly told: Readonly<Record<"direct" | "backend", readonly string[]>>;
}

/** Asks for a ride, opens its updates by both ways once the answers are stored, starts it and completes it. */
export async function takeTrip(mesh: Pick<TestMesh, "edge">): Promise<OneTrip> {
  const taps = {
    request: newTap(),
    "watch-direct": newTap(),
    "watch-backend": newTap(),
    start: newTap(),
    complete: newTap(),
  };
  const call = (tap: TapContext | undefined, path: string, body?: object) =>
    json(`http://${mesh.edge}${path}`, tap, body);
  const requestId = randomBytes(8).toString("hex");
  const ride = { pickupZone: 74, dropoffZone: 236 };
  const { trip } = await call(taps.request, "/v1/trips", { requestId, ride });
  const { tripId } = trip;
  await until("tip and cost are known", async () => {
    const { trip: now } = await call(undefined, `/v1/trips/${tripId}`);
    return now.tip && now.cost;
  });

  const cancel = new AbortController();
  const watch = (way: "direct" | "backend") =>
    follow(
      `http://${mesh.edge}/v1/trips/${tripId}/updates?via=${way}`,
      taps[`watch-${way}`],
      cancel.signal,
    );
  const streams = { direct: await watch("direct"), backend: await watch("backend") };
  await call(taps.start, `/v1/trips/${tripId}:start`, {});
  await until("both streams tell of the start's correction", () =>
    [streams.direct, streams.backend].every(({ text }) =>
      /"seq":2,"kind":"TRIP_UPDATE_KIND_DURATION"/.test(text()),
    ),
  );
  await call(taps.complete, `/v1/trips/${tripId}:complete`, {
    ...{ actualDuration: "720s", distanceMiles: 3 },
    ...{ cost: { currencyCode: "USD", units: "20" }, tip: { currencyCode: "USD", units: "2" } },
  });
  await Promise.all([streams.direct.ended, streams.backend.ended]);
  cancel.abort();
  const told = (text: string) =>
    [...text.matchAll(/"traceparent":"([^"]+)"/g)].map(([, at]) => at ?? "");
  return {
    tripId,
    taps,
    told: { direct: told(streams.direct.text()), backend: told(streams.backend.text()) },
  };
}

/** What is missing from the traces of the trip; asked again until nothing is, or `withinMs` have passed. */
export async function findMissing(
  mesh: Pick<TestMesh, "console">,
  { tripId, taps }: OneTrip,
  withinMs: number,
): Promise<readonly Edge[]> {
  let missing: readonly Edge[] = edges;
  const deadline = Date.now() + withinMs;
  await until(
    "every edge",
    async () => {
      missing = missingEdges(edges, await readSpans(mesh, tripId, taps), taps);
      return missing.length === 0 || Date.now() > deadline;
    },
    withinMs + CALL_MS,
  );
  return missing;
}

/** The traces that name the trip, those of the taps, and those that point at one of them. */
export async function readSpans(
  mesh: Pick<TestMesh, "console">,
  tripId: string,
  taps: OneTrip["taps"],
): Promise<readonly TraceSpan[]> {
  const ask = async (query: string) => {
    const { traces } = await json(`http://${mesh.console}/api/traces?${query}`, undefined);
    return (traces as { spans: TraceSpan[] }[]).flatMap(({ spans }) => spans);
  };
  const found = await Promise.all([
    ask(`trip=${tripId}`),
    ...Object.values(taps).flatMap(({ traceId }) => [
      ask(`trace=${traceId}`),
      ask(`linked=${traceId}`),
    ]),
  ]);
  return found.flat();
}

function newTap(): TapContext {
  return { traceId: randomBytes(16).toString("hex"), spanId: randomBytes(8).toString("hex") };
}

function headersOf(tap: TapContext | undefined): Record<string, string> {
  const traceparent = tap && { traceparent: `00-${tap.traceId}-${tap.spanId}-01` };
  return { "content-type": "application/json", "x-rider-id": RIDER, ...traceparent };
}

// biome-ignore lint/suspicious/noExplicitAny: answers in JSON, of which a test reads a few fields
async function json(url: string, tap: TapContext | undefined, body?: object): Promise<any> {
  const response = await fetch(url, {
    headers: headersOf(tap),
    signal: AbortSignal.timeout(CALL_MS),
    ...(body && { method: "POST", body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}

async function follow(url: string, tap: TapContext, signal: AbortSignal) {
  const response = await fetch(url, { headers: headersOf(tap), signal });
  if (!response.ok || !response.body) throw new Error(`${url}: ${response.status}`);
  let text = "";
  const { body } = response;
  const ended = (async () => {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) text += chunk;
  })();
  ended.catch(() => undefined); // cut at the end
  return { text: () => text, ended };
}
