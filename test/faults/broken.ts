// Loaded by `--import` before a consumer's own code: the deliberately broken build, which acknowledges an
// event before its prediction is stored. It shows that the checker can find what it is there to find.
import { registerHooks } from "node:module";

const right = "await Promise.race([options.handle(event, message), overdue]);";

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith("/kit/events/consume.ts")) return loaded;
    const source = String(loaded.source);
    if (!source.includes(right)) throw new Error(`broken.ts does not find: ${right}`);
    return { ...loaded, source: source.replace(right, `message.ack(); ${right}`) };
  },
});
