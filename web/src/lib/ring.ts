/** Keeps the newest `capacity` items; adding one more lets the oldest go. */
export class Ring<T> {
  private items: T[] = [];
  private start = 0;
  /** How many were ever added. */
  added = 0;

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.items.length;
  }

  push(item: T): void {
    this.added += 1;
    if (this.items.length < this.capacity) {
      this.items.push(item);
      return;
    }
    this.items[this.start] = item;
    this.start = (this.start + 1) % this.capacity;
  }

  /** 0 is the newest. */
  newest(index: number): T | undefined {
    const { length } = this.items;
    if (index < 0 || index >= length) return undefined;
    return this.items[(this.start + length - 1 - index) % length];
  }

  /** From the oldest to the newest. */
  *oldestFirst(): Generator<T> {
    const { length } = this.items;
    for (let i = 0; i < length; i += 1) yield this.items[(this.start + i) % length] as T;
  }

  clear(): void {
    this.items = [];
    this.start = 0;
  }
}
