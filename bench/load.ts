// The generator, a process of its own: gets an order over IPC, answers with the result, waits for the next.
import { type ClosedLoop, runClosedLoop } from "./closed-loop.ts";
import { type PushLoad, runPush } from "./push-load.ts";
import { runTrips, type TripLoad } from "./trip-load.ts";

type Order = ClosedLoop | TripLoad | PushLoad;

process.on("message", (order: Order) => {
  run(order).then(
    (result) => process.send?.({ result }),
    (cause: unknown) => process.send?.({ error: String(cause) }),
  );
});
process.on("disconnect", () => process.exit(0));

function run(order: Order): Promise<unknown> {
  switch (order.kind) {
    case "closed":
      return runClosedLoop(order);
    case "trips":
      return runTrips(order);
    case "push":
      return runPush(order);
  }
}
