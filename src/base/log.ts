import { explain } from './errors.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** What a room is handed to speak with people. Fields are formatted only if the line is written. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log of the same destination whose lines are marked with `facility`. */
  child(facility: string): Log;
}

export interface LogRecord {
  readonly level: LogLevel;
  readonly facility: string;
  readonly message: string;
  readonly fields: LogFields;
}

const rank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
export const isLogLevel = (text: unknown): text is LogLevel => typeof text === 'string' && Object.hasOwn(rank, text);
const nothing: LogFields = {};

/** A log that hands every record at or above `level` to `write`. */
export function createLog(
  write: (record: LogRecord) => void,
  level: () => LogLevel = () => 'info',
  facility = 'tandem',
): Log {
  const at = (recordLevel: LogLevel) => (message: string, fields?: LogFields) => {
    if (rank[recordLevel] >= rank[level()]) write({ level: recordLevel, facility, message, fields: fields ?? nothing });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (name) => createLog(write, level, facility === 'tandem' ? name : `${facility}.${name}`),
  };
}

/** For tests and for parts that are used alone. */
export const silentLog: Log = createLog(
  () => {},
  () => 'error',
);

/** `level facility: message key=value …` on one line; control characters are escaped so that no peer can forge a line. */
export function formatRecord(record: LogRecord): string {
  let line = `${record.level} ${record.facility}: ${oneLine(record.message)}`;
  for (const [key, value] of Object.entries(record.fields)) {
    if (value === undefined) continue;
    line += ` ${key}=${formatField(value)}`;
  }
  return line;
}

function formatField(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(cut(oneLine(explain(value))));
  if (typeof value === 'string') return cut(/^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(cut(value)));
  if (typeof value === 'object' && value !== null) return cut(JSON.stringify(value) ?? '?');
  return String(value);
}

/** A peer's text may have megabytes. */
const longest = 1024;
const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text);

/** What would steer a terminal or begin a line of its own, escaped. */
export function oneLine(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
