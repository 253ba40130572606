/** What a check found; what is not in order comes with what to do about it. */
export type Finding =
  | { readonly name: string; readonly ok: true; readonly found: string }
  | { readonly name: string; readonly ok: false; readonly found: string; readonly remedy: string };

/** Looks at one thing. */
export type Check = () => Promise<Finding[]>;
