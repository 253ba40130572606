// A consumer that only acknowledges: what the stream, its server and its client cost without any work.
import { connectEvents } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import { announce } from "#kit/lifecycle/announce.ts";

const [url = "", durable = ""] = process.argv.slice(2);
const events = await connectEvents({ url, name: durable });
const consumer = await events.js.consumers.get(streams.trips, durable);
const messages = await consumer.consume(); // reads ahead as far as the library's default, 100 messages
process.once("SIGTERM", () => process.exit(0));
announce({ nats: url });
for await (const message of messages) message.ack();
