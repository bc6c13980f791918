import type { World } from '../world.ts';
import { method, numberArgument, type RouterObject, textArgument } from './object.ts';

const ringLength = 512;

interface Entry {
  readonly msg: string;
  readonly id: number;
  /** facility · 8 + severity */
  readonly priority: number;
  /** 0 kernel, 1 syslog */
  readonly source: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** The ring buffer of logd. */
export class SystemLog {
  readonly #world: World;
  readonly #entries: Entry[] = [];
  #nextId = 0;

  constructor(world: World) {
    this.#world = world;
  }

  append(msg: string, priority = 30, source = 1): void {
    this.#entries.push({ msg, id: this.#nextId++, priority, source, time: this.#world.clock.now() });
    if (this.#entries.length > ringLength) this.#entries.shift();
  }

  object(): RouterObject {
    return {
      path: 'log',
      provider: 'logd',
      methods: {
        // A stream would be a file descriptor, which Node can neither send nor receive: only the plain answer is given.
        read: method({ lines: 'int32', stream: 'bool', oneshot: 'bool' }, (args) => {
          const lines = numberArgument(args, 'lines') ?? 0;
          return { log: (lines > 0 ? this.#entries.slice(-lines) : this.#entries).map((entry) => ({ ...entry })) };
        }),
        write: method({ event: 'string' }, (args) => {
          const event = textArgument(args, 'event');
          if (event !== undefined) this.append(event, 13);
          return undefined;
        }),
      },
    };
  }
}
