import { describe, expect, it } from 'vitest';
import type { Model } from '#model';
import { readMessage, readRecord, writeMessage, writeRecord } from '#usp';
import type { ControllerSession } from '../../../src/usp/exchange/controller-session.ts';
import { soleSession } from '../../support/sole-session.ts';

// What waits while a request takes its time is bounded, and who may be anybody takes no room from the controller.
class Bench {
  readonly answers: { msgId: string; code: number | undefined }[] = [];
  readonly #session: ControllerSession;
  #go: () => void = () => {};

  constructor() {
    const gone = new Promise<void>((resolve) => {
      this.#go = resolve;
    });
    const model = { get: () => gone.then(() => []) } as unknown as Model;
    this.#session = soleSession({ model });
  }

  ask(msgId: string, encrypted: boolean, bytes = 10): void {
    const paramPaths = ['x'.repeat(bytes)];
    const payload = writeMessage(msgId, { kind: 'request', request: { get: { paramPaths, maxDepth: 0 } } });
    const addressed = { version: '1.4', toId: 'os::agent', fromId: 'proto::c' };
    const record = readRecord(writeRecord({ ...addressed, noSessionContext: { payload } }));
    const reply = (sent: Uint8Array): void => {
      const { msgId: id, body } = readMessage(readRecord(sent).noSessionContext!.payload);
      this.answers.push({ msgId: id, code: body.kind === 'error' ? body.error.errCode : undefined });
    };
    const evidence = { encrypted, chain: [], end: 'controller' as const };
    this.#session.receive(record, { reply, reject: () => {}, evidence });
  }
  refused(): string[] {
    return this.answers.filter(({ code }) => code === 7005).map(({ msgId }) => msgId);
  }
  async finish(): Promise<void> {
    this.#go();
    await this.#session.idle;
  }
}

describe('requests that wait for their turn', () => {
  it('are as many as a controller may have, and few of who may be anybody', async () => {
    const bench = new Bench();
    for (let index = 0; index < 20; index++) bench.ask(`a${index}`, false);
    expect(bench.refused()).toEqual(['a16', 'a17', 'a18', 'a19']);
    for (let index = 0; index < 260; index++) bench.ask(`p${index}`, true);
    expect(bench.refused().slice(4)).toEqual(['p256', 'p257', 'p258', 'p259']);
    await bench.finish();
    expect(bench.answers.filter(({ code }) => code === undefined)).toHaveLength(272);
  });

  it('have as many bytes as may wait, whatever their number', async () => {
    const bench = new Bench();
    const large = 3 << 20;
    for (let index = 0; index < 6; index++) bench.ask(`p${index}`, true, large);
    expect(bench.refused()).toEqual(['p2', 'p3', 'p4', 'p5']);
    for (let index = 0; index < 3; index++) bench.ask(`a${index}`, false, large);
    expect(bench.refused().slice(4)).toEqual(['a1', 'a2']);
    bench.ask('small', true);
    await bench.finish();
    bench.ask('later', true, large);
    await bench.finish();
    expect(bench.answers.at(-1)).toEqual({ msgId: 'later', code: undefined });
  });

  it('are told from those of the same name by who has sent them', async () => {
    const bench = new Bench();
    bench.ask('same', false);
    bench.ask('same', true);
    bench.ask('same', true);
    await bench.finish();
    expect(bench.answers).toHaveLength(2);
  });
});
