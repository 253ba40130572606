import { useEffect, useMemo, useState } from "preact/hooks";

/** The colour behind a variable; the canvas does not know `light-dark()`. */
export function colourOf(node: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = getComputedStyle(node).getPropertyValue(name);
  node.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export function withAlpha(colour: string, alpha: number): string {
  return `color-mix(in srgb, ${colour} ${100 * alpha}%, transparent)`;
}

/** Whether the system asks for a dark page: a canvas has to be drawn again. */
export function useDark(): boolean {
  const query = useMemo(() => matchMedia("(prefers-color-scheme: dark)"), []);
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const changed = () => setDark(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, [query]);
  return isDark;
}
