import { useEffect, useMemo, useState } from "preact/hooks";
import type { RiderApi, Trip } from "./api.ts";
import { driveSteps } from "./simulated-drive.ts";

const PAUSE_MS = 1500; // long enough to see each correction arrive

export interface SimulateProps {
  readonly api: RiderApi;
  readonly trip: Trip;
  readonly miles: number;
  readonly onProblem: (problem: string | undefined) => void;
}

/** In a replay nobody drives the rider's own trip, so the page can play the driver. */
export function Simulate({ api, trip, miles, onProblem }: SimulateProps) {
  const steps = useMemo(() => driveSteps(trip, miles), [trip, miles]);
  const [done, setDone] = useState(0);
  const [busy, setBusy] = useState(false);
  const [playing, setPlaying] = useState(false);
  const next = steps[done];
  const step = async () => {
    if (!next || busy) return;
    setBusy(true);
    try {
      await next.run(api);
      onProblem(undefined);
      setDone(done + 1);
    } catch (cause) {
      setPlaying(false);
      onProblem(cause instanceof Error ? cause.message : String(cause));
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    if (!playing || busy || !next) return;
    const timer = setTimeout(() => void step(), done === 0 ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [playing, busy, done]);
  if (!next) return <p class="soft small">The simulated ride has arrived.</p>;
  return (
    <div class="simulate">
      <button type="button" disabled={playing} onClick={() => setPlaying(true)}>
        {playing ? `Driving: ${next.label.toLowerCase()} …` : "Simulate my ride"}
      </button>
      <button type="button" class="quiet" disabled={playing || busy} onClick={() => void step()}>
        {next.label}
      </button>
      <p class="soft small">
        Simulated: this mesh replays recorded trips, nobody drives yours. The page plays the driver.
      </p>
    </div>
  );
}
