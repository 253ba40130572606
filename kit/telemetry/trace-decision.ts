import { type Context, createContextKey } from "@opentelemetry/api";

const DECIDED = createContextKey("tripmesh trace decision");

/** A context in which the decision about traces that begin there is already taken. */
export function decided(parent: Context, record: boolean): Context {
  return parent.setValue(DECIDED, record);
}

/** That decision; undefined where nobody has taken it. */
export function decisionIn(context: Context): boolean | undefined {
  return context.getValue(DECIDED) as boolean | undefined;
}
