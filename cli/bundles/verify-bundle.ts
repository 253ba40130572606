import { loadBundle } from "#kit/model/bundle.ts";
import { createColumnScorer } from "#kit/model/column-scorer.ts";
import type { BundlePlace } from "./find-bundles.ts";

/** Whether a bundle can be served. */
export type Verification = BundlePlace &
  (
    | { readonly ok: true; readonly digest: string }
    | { readonly ok: false; readonly reason: string }
  );

/**
 * Computes the digest anew, compares it with the card's, and loads the model as a service would.
 * `digestOnly` leaves the loading out.
 */
export async function verifyBundle(
  place: BundlePlace,
  { digestOnly = false }: { readonly digestOnly?: boolean } = {},
): Promise<Verification> {
  try {
    const bundle = await loadBundle(place.dir);
    const { service, version, digest } = bundle.card;
    if (service !== place.service || version !== place.version) {
      throw new Error(`its card says that it is ${service} ${version}`);
    }
    if (!digestOnly) await (await createColumnScorer(bundle)).close();
    return { ...place, ok: true, digest };
  } catch (error) {
    return { ...place, ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
