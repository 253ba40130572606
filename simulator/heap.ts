/** A binary heap: the least element first. */
export interface Heap<T> {
  readonly size: number;
  peek(): T | undefined;
  pop(): T | undefined;
  push(item: T): void;
}

/** An empty heap, ordered by `compare` (negative: `a` comes first). */
export function createHeap<T>(compare: (a: T, b: T) => number): Heap<T> {
  const items: T[] = [];

  function isBefore(a: T | undefined, b: T | undefined): boolean {
    return a !== undefined && b !== undefined && compare(a, b) < 0;
  }

  function swap(i: number, j: number) {
    const [a, b] = [items[i], items[j]];
    if (a === undefined || b === undefined) return;
    items[i] = b;
    items[j] = a;
  }

  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    push(item) {
      items.push(item);
      let child = items.length - 1;
      while (child > 0) {
        const parent = (child - 1) >> 1;
        if (!isBefore(items[child], items[parent])) return;
        swap(child, parent);
        child = parent;
      }
    },
    pop() {
      swap(0, items.length - 1);
      const top = items.pop();
      for (let parent = 0; ; ) {
        const [left, right] = [2 * parent + 1, 2 * parent + 2];
        let least = parent;
        if (isBefore(items[left], items[least])) least = left;
        if (isBefore(items[right], items[least])) least = right;
        if (least === parent) return top;
        swap(parent, least);
        parent = least;
      }
    },
  };
}
