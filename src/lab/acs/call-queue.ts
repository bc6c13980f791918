import { AcsError } from './errors.ts';
import { type AcsAnswer, type AcsRpc, writeArguments } from './rpc.ts';

export interface QueuedCall {
  readonly rpc: AcsRpc;
  /** Arguments as they are sent. */
  readonly text: string;
  readonly answered: (answer: AcsAnswer) => void;
  readonly failed: (error: AcsError) => void;
}

/** What each device is to be asked in its sessions, in order. */
export class CallQueue {
  readonly #waiting = new Map<string, QueuedCall[]>();
  #closed = false;

  /** Rejects with AcsError ACS_TEXT, ACS_SESSION_LOST, ACS_CLOSED. */
  add(device: string, rpc: AcsRpc): Promise<AcsAnswer> {
    const answer = new Promise<AcsAnswer>((answered, failed) => {
      if (this.#closed) throw closed();
      const queue = this.#waiting.get(device) ?? [];
      queue.push({ rpc, text: writeArguments(rpc), answered, failed });
      this.#waiting.set(device, queue);
    });
    // Whoever does not wait for the answer is not to be ended by its absence; whoever does is told.
    answer.catch(() => {});
    return answer;
  }

  take(device: string): QueuedCall | undefined {
    return this.#waiting.get(device)?.shift();
  }

  close(): void {
    this.#closed = true;
    for (const { failed } of [...this.#waiting.values()].flat()) failed(closed());
    this.#waiting.clear();
  }
}

const closed = (): AcsError => new AcsError('ACS_CLOSED', 'the ACS is closed');
