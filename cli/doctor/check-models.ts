import { findBundles } from "../bundles/find-bundles.ts";
import { verifyBundle } from "../bundles/verify-bundle.ts";
import type { Finding } from "./finding.ts";

/** Every bundle's digest is its card's. */
export async function checkModels(modelsDir: string): Promise<Finding[]> {
  const bundles = await findBundles(modelsDir);
  if (bundles.length === 0) {
    const remedy = "Restore it: git restore models.";
    return [{ name: "models", ok: false, found: `none below ${modelsDir}`, remedy }];
  }
  const results = await Promise.all(bundles.map((b) => verifyBundle(b, { digestOnly: true })));
  return results.map((result) => {
    const name = `model ${result.service} ${result.version}`;
    return result.ok
      ? { name, ok: true, found: `digest ${result.digest.slice(0, 12)} is the card's` }
      : { name, ok: false, found: result.reason, remedy: "Restore it: git restore models." };
  });
}
