/** One message as `tandem trace cwmp` is told of it. */
export interface TraceLine {
  readonly direction: 'in' | 'out';
  readonly peer: string;
  readonly title: string;
  readonly lines: readonly string[];
}

/** Somebody who follows the messages, or nobody. */
export function traceOf(watched: boolean): {
  readonly watched: boolean;
  readonly lines: TraceLine[];
  tell(entry: TraceLine): void;
} {
  const lines: TraceLine[] = [];
  return { watched, lines, tell: (entry) => void lines.push(entry) };
}
