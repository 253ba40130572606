import { connectEvents, type Events } from "#kit/events/connect.ts";
import { Problem } from "../problem.ts";

/** Connects to the event stream of a mesh, or says in one sentence that there is none. */
export async function connectToStream(url: string): Promise<Events> {
  try {
    return await connectEvents({ url, name: "mesh-cli", waitForServer: false });
  } catch (cause) {
    throw new Problem(
      `No event stream answers at ${url}: start a mesh with mesh up, or name it with --nats.`,
      { cause },
    );
  }
}
