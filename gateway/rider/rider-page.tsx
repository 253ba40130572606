import { useEffect, useMemo, useState } from "preact/hooks";
import { loadZones, milesBetween, nameOf, toSpots, type Zone } from "../page/zones.ts";
import { createRiderApi, type Estimate, type Trip } from "./api.ts";
import { type Choice, Choose } from "./choose.tsx";
import { EstimateCard } from "./estimate-card.tsx";
import { riderId as knownRider, newRequestId } from "./rider-id.ts";
import { TripView } from "./trip-view.tsx";

type Quote =
  | { readonly kind: "none" }
  | { readonly kind: "asking" }
  | { readonly kind: "told"; readonly estimate: Estimate }
  | { readonly kind: "failed"; readonly problem: string };

/** The rider's page: choose, see the estimate, ask for the ride, watch it. */
export function RiderPage({ replay }: { readonly replay: boolean }) {
  const rider = useMemo(knownRider, []);
  const api = useMemo(() => createRiderApi(rider), [rider]);
  const [zones, setZones] = useState<readonly Zone[]>([]);
  const [problem, setProblem] = useState<string>();
  const [choice, setChoice] = useState<Choice>({ from: undefined, to: undefined });
  const [trip, setTrip] = useState<Trip>();
  const [asking, setAsking] = useState(false);
  const byId = useMemo(() => new Map(zones.map((zone) => [zone.id, zone])), [zones]);
  const ride = useMemo(
    () =>
      choice.from && choice.to
        ? { pickupZone: choice.from.id, dropoffZone: choice.to.id }
        : undefined,
    [choice],
  );
  const quote = useQuote(api, ride);
  // One id a choice: pressing twice, or again after a lost answer, is the same trip.
  const requestId = useMemo(newRequestId, [ride]);

  useEffect(() => {
    loadZones().then(setZones, (cause: unknown) => setProblem(String(cause)));
    const tripId = new URLSearchParams(location.hash.slice(1)).get("trip");
    if (tripId) api.show(tripId).then(setTrip, (cause: unknown) => setProblem(String(cause)));
  }, [api]);

  const request = async () => {
    if (!ride) return;
    setAsking(true);
    setProblem(undefined);
    try {
      const made = await api.request(requestId, ride);
      location.hash = `trip=${made.tripId}`; // a reload comes back to the ride
      setTrip(made);
    } catch (cause) {
      setProblem(cause instanceof Error ? cause.message : String(cause));
    } finally {
      setAsking(false);
    }
  };
  const leave = () => {
    history.replaceState(null, "", location.pathname);
    setTrip(undefined);
    setChoice({ from: undefined, to: undefined });
  };
  const title = trip
    ? `${nameOf(byId, trip.ride.pickupZone)} → ${nameOf(byId, trip.ride.dropoffZone)}`
    : "";
  return (
    <>
      <header>
        <h1>tripmesh</h1>
        <span class="soft small">a ride in New York</span>
      </header>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {trip ? (
        <TripView
          key={trip.tripId}
          {...{ api, trip, title, replay }}
          riderId={rider}
          miles={routeMiles(zones, trip)}
          onLeave={leave}
        />
      ) : (
        <>
          {zones.length > 0 ? (
            <Choose zones={zones} choice={choice} onChange={setChoice} />
          ) : (
            !problem && <p class="card soft">Loading the map …</p>
          )}
          <section class="card" aria-live="polite" aria-label="Estimate">
            {quote.kind === "none" && (
              <p class="soft">Choose where to start and where to go: the estimate comes at once.</p>
            )}
            {quote.kind === "asking" && <p class="soft">Asking …</p>}
            {quote.kind === "failed" && <p class="problem">{quote.problem}</p>}
            {quote.kind === "told" && <EstimateCard estimate={quote.estimate} />}
            <button
              type="button"
              class="main"
              disabled={quote.kind !== "told" || asking}
              onClick={() => void request()}
            >
              {asking ? "Requesting …" : "Request this ride"}
            </button>
          </section>
        </>
      )}
      <footer class="soft small">You are rider {rider}.</footer>
    </>
  );
}

function useQuote(api: ReturnType<typeof createRiderApi>, ride: Trip["ride"] | undefined): Quote {
  const [quote, setQuote] = useState<Quote>({ kind: "none" });
  useEffect(() => {
    setQuote({ kind: ride ? "asking" : "none" });
    if (!ride) return;
    let current = true; // an answer to an older choice is of no interest
    api.quote(ride).then(
      (estimate) => current && setQuote({ kind: "told", estimate }),
      (cause: Error) => current && setQuote({ kind: "failed", problem: cause.message }),
    );
    return () => {
      current = false;
    };
  }, [api, ride]);
  return quote;
}

/** Streets are a third longer than the crow's way. */
function routeMiles(zones: readonly Zone[], { ride }: Trip): number {
  const spots = toSpots(zones);
  const find = (id: number) => spots.find((spot) => spot.zone.id === id);
  return (milesBetween(find(ride.pickupZone), find(ride.dropoffZone)) ?? 2) * 1.35;
}
