/** Whether a dotted version is the minimum or newer; anything after a dash (a pre-release) is ignored. */
export function atLeast(version, minimum) {
  const [have, need] = [version, minimum].map((text) => text.split("-")[0].split(".").map(Number));
  const at = need.findIndex((part, index) => part !== (have[index] ?? 0));
  return at === -1 || (have[at] ?? 0) > need[at];
}
