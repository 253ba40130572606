import { parse } from "yaml";

/** What `$name` may stand for. */
export type Variables = Readonly<Record<string, unknown>>;

const REPEAT = "$for";
const CONDITION = "$if";
const VARIABLE = /\$([a-zA-Z]+)/g;

/**
 * Reads a YAML template: anchors and merge keys are resolved, `$name` is replaced, what holds a `$for` is repeated
 * once per combination of its values, and what holds an `$if` that is false is left out. A name that nobody gives is
 * an error.
 */
export function expandTemplate(text: string, variables: Variables): unknown {
  return expand(parse(text, { merge: true }), variables);
}

function expand(node: unknown, variables: Variables): unknown {
  if (typeof node === "string") return substitute(node, variables);
  if (Array.isArray(node)) return node.flatMap((item) => expandItem(item, variables));
  if (!isMap(node)) return node;
  // A map that stands alone cannot become several: its entries are repeated, under keys that differ.
  return Object.fromEntries(
    combinations(node, variables).flatMap((scope) => expandEntries(node, scope)),
  );
}

function expandItem(item: unknown, variables: Variables): unknown[] {
  if (!isWanted(item, variables)) return [];
  if (!isMap(item)) return [expand(item, variables)];
  return combinations(item, variables).map((scope) =>
    Object.fromEntries(expandEntries(item, scope)),
  );
}

function expandEntries(map: Variables, variables: Variables): [string, unknown][] {
  return Object.entries(map)
    .filter(([key, value]) => key !== REPEAT && key !== CONDITION && isWanted(value, variables))
    .map(([key, value]) => [
      key.replace(VARIABLE, (_, name) => String(lookUp(name, variables))),
      expand(value, variables),
    ]);
}

function isWanted(node: unknown, variables: Variables): boolean {
  return !isMap(node) || !(CONDITION in node) || expand(node[CONDITION], variables) === true;
}

/**
 * The variables of each repetition; without a `$for`, the given ones once. A list of maps is taken map by map; a
 * map of lists gives every combination, and a later name may use an earlier one.
 */
function combinations(map: Variables, variables: Variables): Variables[] {
  const repeat = map[REPEAT] ?? {};
  if (Array.isArray(repeat)) return repeat.map((scope: Variables) => ({ ...variables, ...scope }));
  const loops = Object.entries(repeat);
  return loops.reduce<Variables[]>(
    (scopes, [name, list]) =>
      scopes.flatMap((scope) => {
        const values = expand(list, scope);
        if (!Array.isArray(values)) throw new Error(`${REPEAT}: ${name} needs a list`);
        return values.map((value) => ({ ...scope, [name]: value }));
      }),
    [variables],
  );
}

/** A text that is one variable becomes its value, of whatever type; within a text it becomes text. */
function substitute(text: string, variables: Variables): unknown {
  const whole = /^\$([a-zA-Z]+)$/.exec(text)?.[1];
  if (whole !== undefined) return lookUp(whole, variables);
  return text.replace(VARIABLE, (_, name) => String(lookUp(name, variables)));
}

function lookUp(name: string, variables: Variables): unknown {
  const value = variables[name];
  if (value === undefined) throw new Error(`the template names $${name}, which nobody gives`);
  return value;
}

function isMap(node: unknown): node is Variables {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}
