// Takes spans as a collector does and forgets them, so that only the sender is measured.
import { pino } from "pino";
import { startReceiver } from "../gateway/traces/receiver.ts";

const store = { add: () => undefined };
const receiver = await startReceiver(store, {
  listen: "127.0.0.1:0",
  log: pino({ level: "silent" }),
});
process.send?.({ ready: true, listening: { otlp: receiver.address } });
for (const event of ["SIGTERM", "disconnect"]) process.on(event, () => process.exit(0));
