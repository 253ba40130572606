import { expect, test } from "vitest";
import { readEvents } from "./server-sent-events.ts";

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

test("events are read whole, however the bytes arrive; comments are skipped", async () => {
  const body = chunks(
    "retry: 1000\n\n: still here\n\nevent: update\nid: d1\nda",
    'ta: {"a":"ü',
    '"}\n\nevent: end\ndata: {}\n\n',
  );
  const events = [];
  for await (const event of readEvents(body)) events.push(event);
  expect(events).toEqual([
    { event: "update", id: "d1", data: '{"a":"ü"}' },
    { event: "end", id: "", data: "{}" },
  ]);
});
