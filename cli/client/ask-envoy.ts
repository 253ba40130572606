import { type EnvoyTraffic, readEnvoyTraffic } from "#kit/traffic/envoy-runtime.ts";

/** What an Envoy goes by, or why it does not say. */
export interface AskedEnvoy {
  readonly envoy: EnvoyTraffic | undefined;
  readonly silent: string | undefined;
}

/** Asks Envoy's admin interface; what was decided is worth showing without its answer. */
export async function askEnvoy(admin: string | undefined): Promise<AskedEnvoy> {
  if (admin === undefined) return { envoy: undefined, silent: undefined };
  try {
    return { envoy: await readEnvoyTraffic(admin), silent: undefined };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { envoy: undefined, silent: cause instanceof Error ? cause.message : String(cause) };
  }
}
