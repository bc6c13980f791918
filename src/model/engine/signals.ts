import type { Change, View } from '../api.ts';
import { type ParsedPath, parsePath, type Segment } from '../path/index.ts';

/** What happens once and has no value that could be looked at: events, and ends of asynchronous commands. */
export type Signal = Extract<Change, { kind: 'event' | 'completed' }>;

interface Listener {
  readonly view: View;
  readonly kinds: ReadonlySet<Change['kind']>;
  readonly patterns: readonly Pattern[];
  readonly heard: (change: Change) => void;
}

interface Pattern {
  readonly text: string;
  readonly parsed: ParsedPath;
  /** Rows are chosen by what they hold: that is looked up when something happens. */
  readonly searching: boolean;
}

/** @returns instance paths of the objects that a path leads to now */
export type FindObjects = (view: View, objectPath: string) => Promise<readonly string[]>;

/** Who listens to which events and completions. Each listener hears a signal once, however many of its paths fit. */
export class Signals {
  readonly #listeners = new Set<Listener>();
  readonly #find: FindObjects;
  #searches: Promise<void> = Promise.resolve();

  constructor(find: FindObjects) {
    this.#find = find;
  }

  /** @param paths well formed */
  add(
    view: View,
    paths: readonly string[],
    kinds: ReadonlySet<Change['kind']>,
    heard: (change: Change) => void,
  ): Disposable {
    const patterns = paths.flatMap((text) => {
      const parsed = parsePath(text, view.protocol);
      if (!parsed.ok) return [];
      const searching = parsed.value.segments.some(
        ({ kind }) => kind !== 'name' && kind !== 'instance' && !anyRow(kind),
      );
      return [{ text, parsed: parsed.value, searching }];
    });
    const listener: Listener = { view, kinds, patterns, heard };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  tell(signal: Signal): void {
    const steps = signal.path.split('.');
    for (const listener of [...this.#listeners]) {
      if (!listener.kinds.has(signal.kind)) continue;
      if (listener.patterns.some((pattern) => !pattern.searching && fits(pattern.parsed, steps))) {
        listener.heard(signal);
      } else if (listener.patterns.some(({ searching }) => searching)) {
        this.#searches = this.#searches.then(async () => {
          if ((await this.#found(listener, signal, steps)) && this.#listeners.has(listener)) listener.heard(signal);
        });
      }
    }
  }

  async #found({ view, patterns }: Listener, signal: Signal, steps: readonly string[]): Promise<boolean> {
    for (const { text, parsed, searching } of patterns) {
      if (!searching) continue;
      const { leaf } = parsed;
      if (leaf.kind !== 'object' && leaf.name !== steps.at(-1)) continue;
      const objects = await this.#find(
        view,
        text.slice(0, text.length - (leaf.kind === 'object' ? 0 : leaf.name.length)),
      );
      const at = signal.path.slice(0, signal.path.lastIndexOf('.') + 1);
      if (objects.some((path) => (leaf.kind === 'object' ? at.startsWith(path) : at === path))) return true;
    }
    return false;
  }
}

const anyRow = (kind: Segment['kind']): boolean => kind === 'wildcard' || kind === 'schema';

/** @param steps of a path whose rows are given by number, with the name of the event or command last */
function fits({ segments, leaf }: ParsedPath, steps: readonly string[]): boolean {
  if (leaf.kind === 'object' ? segments.length >= steps.length : segments.length + 1 !== steps.length) return false;
  if (leaf.kind !== 'object' && leaf.name !== steps.at(-1)) return false;
  return segments.every((segment, at) => {
    const step = steps[at]!;
    if (segment.kind === 'name') return segment.name === step;
    if (segment.kind === 'instance') return String(segment.instance) === step;
    return /^[0-9]+$/.test(step);
  });
}
