import { Emitter } from '#base';
import type { BlobTable, Bus, BusObject, PublishedObject } from '#platform';

/** A bus without a wire: answers from functions, and lets a test raise events. */
export class FakeBus implements Bus {
  readonly connected = true;
  readonly invoked: string[] = [];
  readonly #answers: Record<string, (args: BlobTable) => BlobTable | Promise<BlobTable>>;
  readonly #events = new Emitter<{ name: string; data: BlobTable }>((error) => {
    throw error;
  });

  /** @param answers by `object method` */
  constructor(answers: Record<string, (args: BlobTable) => BlobTable | Promise<BlobTable>>) {
    this.#answers = answers;
  }

  async invoke(object: string, method: string, args: BlobTable = {}): Promise<BlobTable> {
    this.invoked.push(`${object} ${method}`);
    const answer = this.#answers[`${object} ${method}`];
    if (!answer) throw new Error(`no object ${object}`);
    return answer(args);
  }

  async list(): Promise<BusObject[]> {
    return [];
  }

  listen(pattern: string, heard: (name: string, data: BlobTable) => void): Disposable {
    return this.#events.on(({ name, data }) => {
      if (name === pattern) heard(name, data);
    });
  }

  subscribe(): Disposable {
    return { [Symbol.dispose]() {} };
  }

  publish(): PublishedObject {
    throw new Error('nothing is published here');
  }

  async sendEvent(name: string, data: BlobTable): Promise<void> {
    this.#events.emit({ name, data });
  }

  onState(_heard: (connected: boolean) => void): Disposable {
    return { [Symbol.dispose]() {} };
  }
}
