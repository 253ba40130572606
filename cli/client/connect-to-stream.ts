import { AuthorizationError } from "@nats-io/transport-node";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { OPERATOR } from "#kit/events/users.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { Problem } from "../problem.ts";

/** Connects to the event stream of a mesh, or says in one sentence that there is none. */
export async function connectToStream(stream: {
  readonly url: string;
  readonly keyFile: string | undefined;
}): Promise<Events> {
  const { url } = stream;
  try {
    return await connectEvents({ ...stream, name: OPERATOR, waitForServer: false });
  } catch (cause) {
    if (cause instanceof MeshError) throw cause; // the key cannot be read
    if (cause instanceof AuthorizationError) {
      throw new Problem(
        `The event stream at ${url} does not let us in: name the operator's key with --nats-key.`,
        { cause },
      );
    }
    throw new Problem(
      `No event stream answers at ${url}: start a mesh with mesh up, or name it with --nats.`,
      { cause },
    );
  }
}
