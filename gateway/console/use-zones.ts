import { useEffect, useState } from "preact/hooks";
import { loadZones, type Zone } from "../page/zones.ts";

/** The zones' names and places; asked for again while the gateway is away. */
export function useZones(): readonly Zone[] {
  const [zones, setZones] = useState<readonly Zone[]>([]);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let retry: ReturnType<typeof setTimeout>;
    loadZones().then(setZones, () => {
      retry = setTimeout(() => setAttempt(attempt + 1), 2000);
    });
    return () => clearTimeout(retry);
  }, [attempt]);
  return zones;
}
