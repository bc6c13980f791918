import type { StateStore } from '#platform';

/** State in memory, with the count of its writes. */
export class MemoryState implements StateStore {
  readonly entries = new Map<string, string>();
  writes = 0;
  read(name: string): string | undefined {
    return this.entries.get(name);
  }
  async write(name: string, text: string): Promise<void> {
    this.writes++;
    this.entries.set(name, text);
    this.appended.delete(name);
  }
  readonly appended = new Map<string, string[]>();
  async append(name: string, line: string): Promise<void> {
    this.writes++;
    this.appended.set(name, [...this.lines(name), line]);
  }
  lines(name: string): string[] {
    return this.appended.get(name) ?? [];
  }
  async remove(name: string): Promise<void> {
    this.entries.delete(name);
  }
}
