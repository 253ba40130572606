import { z } from "zod";
import { mirrorKey, segmentKey, trafficKey } from "./runtime.ts";
import { type ModelService, modelServices, type Slot, slots } from "./traffic.ts";

/** The layer that operators write by hand, the last and strongest. */
const ADMIN_LAYER = "admin";

const runtime = z.object({
  layers: z.array(z.string()),
  entries: z.record(
    z.string(),
    z.object({ final_value: z.string(), layer_values: z.array(z.string()) }),
  ),
});
const statistics = z.object({
  stats: z.array(z.object({ name: z.string().optional(), value: z.unknown() })),
});

/** One number that Envoy goes by, and where it has it from. */
export interface InForce {
  /** Basis points as set, whatever they add up to; undefined where it is no number that Envoy can use. */
  readonly weight: number | undefined;
  /** `base`, `saved`, `rtds` or `admin`: the strongest layer that says anything. */
  readonly layer: string;
}

/** What one slot really gets in one Envoy. */
export interface SlotInForce {
  readonly traffic: InForce;
  /** The same for riders of segment `b`. */
  readonly segment: InForce;
  /** The layer that the mirror's share is from. The share itself is not there: Envoy prints it as free text. */
  readonly mirrorLayer: string;
}

/** What one Envoy really goes by. An acknowledged push is no proof of that: the admin layer hides it. */
export interface EnvoyTraffic {
  readonly services: Readonly<Record<ModelService, Readonly<Record<Slot, SlotInForce>>>>;
  /** Those keys of the traffic that somebody has set by hand. */
  readonly overrides: readonly string[];
  /** Envoy's own word on whether anything at all is set by hand, keys of other things included. */
  readonly overridesActive: boolean;
}

/** Asks an Envoy (`host:port` of its admin interface) what it goes by. Fails when it does not answer in time. */
export async function readEnvoyTraffic(admin: string, timeoutMs = 2000): Promise<EnvoyTraffic> {
  const signal = AbortSignal.timeout(timeoutMs);
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://${admin}${path}`, { signal });
    if (!response.ok) throw new Error(`Envoy answers ${response.status} to ${path}`);
    return response.json();
  };
  const [answer, stats] = await Promise.all([
    ask("/runtime"),
    ask("/stats?format=json&filter=^runtime.admin_overrides_active$"),
  ]);
  return {
    ...trafficOf(runtime.parse(answer)),
    overridesActive: statistics.parse(stats).stats.some(({ value }) => Number(value) > 0),
  };
}

function trafficOf({ layers, entries }: z.output<typeof runtime>) {
  const layerOf = (key: string) => {
    const values = entries[key]?.layer_values ?? [];
    return layers[values.findLastIndex((value) => value !== "")] ?? "none";
  };
  const inForce = (key: string): InForce => ({
    weight: toWeight(entries[key]?.final_value),
    layer: layerOf(key),
  });
  const slotOf = (service: string, slot: Slot): SlotInForce => ({
    traffic: inForce(trafficKey(service, slot)),
    segment: inForce(segmentKey(service, slot)),
    mirrorLayer: layerOf(mirrorKey(service, slot)),
  });
  const services = Object.fromEntries(
    modelServices.map((service) => [
      service,
      { blue: slotOf(service, "blue"), green: slotOf(service, "green") },
    ]),
  ) as EnvoyTraffic["services"];
  const own = modelServices.flatMap((service) =>
    slots.flatMap((slot) => [
      trafficKey(service, slot),
      segmentKey(service, slot),
      mirrorKey(service, slot),
    ]),
  );
  return { services, overrides: own.filter((key) => layerOf(key) === ADMIN_LAYER) };
}

/** As Envoy reads one: whole, rounded down. Anything else makes it fall back to the route's own weight. */
function toWeight(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Math.floor(Number(text)) : undefined;
}
