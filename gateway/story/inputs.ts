import type { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { snapshotInputs, snapshotRow } from "#kit/model/features.ts";
import * as cost from "../../services/cost/service.ts";
import * as dynamicDuration from "../../services/dynamic-duration/service.ts";
import * as tip from "../../services/tip/service.ts";

/** What a model was fed, by the names of its inputs; NaN: not known. */
export type Inputs = Readonly<Record<string, number>>;

const services: Readonly<
  Record<
    string,
    {
      readonly signature: { readonly inputs: readonly string[] };
      readonly toRow: (event: TripEvent) => readonly number[] | undefined;
    }
  >
> = { "dynamic-duration": dynamicDuration, tip, cost };

/** What a service's model was fed about an event: the same function as the service uses. */
export function inputsOf(service: string, event: TripEvent): Inputs | undefined {
  if (service === "duration") return event.features && named(snapshotInputs, rowOf(event.features));
  const { signature, toRow } = services[service] ?? {};
  const row = toRow?.(event);
  return signature && row && named(signature.inputs, row);
}

const rowOf = (features: FeatureSnapshot) => snapshotRow(features);

function named(names: readonly string[], row: readonly number[]): Inputs {
  return Object.fromEntries(names.map((name, i) => [name, row[i] ?? Number.NaN]));
}
