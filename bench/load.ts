// The generator, a process of its own: gets an order over IPC, answers with the result, waits for the next.
import { type ClosedLoop, runClosedLoop } from "./closed-loop.ts";
import { runTrips, type TripLoad } from "./trip-load.ts";

process.on("message", (order: ClosedLoop | TripLoad) => {
  const running = order.kind === "closed" ? runClosedLoop(order) : runTrips(order);
  running.then(
    (result) => process.send?.({ result }),
    (cause: unknown) => process.send?.({ error: String(cause) }),
  );
});
process.on("disconnect", () => process.exit(0));
