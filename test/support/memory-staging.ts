import type { ByteSink, ByteSource, Staging } from '#platform';

/** The staging area in memory. */
export class MemoryStaging implements Staging {
  readonly files = new Map<string, Buffer>();
  free = 1 << 20;
  freeBytes(): number {
    return this.free;
  }
  size(name: string): number | undefined {
    return this.files.get(name)?.length;
  }
  readText(name: string): string {
    return this.files.get(name)?.toString() ?? '';
  }
  writeText(name: string, text: string): void {
    this.files.set(name, Buffer.from(text));
  }
  source(name: string): ByteSource {
    const bytes = this.files.get(name) ?? Buffer.alloc(0);
    return {
      length: bytes.length,
      read: async function* () {
        yield bytes;
      },
    };
  }
  sink(name: string, offset: number, limitBytes: number): ByteSink {
    this.files.set(name, (this.files.get(name) ?? Buffer.alloc(0)).subarray(0, offset));
    return {
      write: async (piece) => {
        const whole = Buffer.concat([this.files.get(name)!, piece]);
        if (whole.length > limitBytes) throw Object.assign(new Error('full'), { code: 'STAGING_FULL' });
        this.files.set(name, whole);
      },
      close: async () => {},
    };
  }
  remove(name: string): void {
    this.files.delete(name);
  }
  names(): string[] {
    return [...this.files.keys()].sort();
  }
  path(name: string): string {
    return `/staging/${name}`;
  }
}
