import { TandemError } from '#base';

/** FACTORY_INVALID with the file and the reason; never a value of it. */
export class FactoryError extends TandemError {}

export const file = 'management.json';
export const invalid = (name: string, reason: string, cause?: unknown): FactoryError =>
  new FactoryError('FACTORY_INVALID', `factory data: ${name} ${reason}`, { cause });

export function table(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(file, `${at || 'the whole'} is no table`);
}

export function string(of: Record<string, unknown>, at: string, name: string, otherwise?: string): string {
  const value = of[name] ?? otherwise;
  // UCI values are one line.
  if (typeof value === 'string' && !/[\u0000-\u001f]/.test(value)) return value;
  throw invalid(file, `${at}/${name} is not a line of text`);
}

export function port(of: Record<string, unknown>, at: string, otherwise: number): number {
  const value = of.port ?? otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw invalid(file, `${at}/port is no port`);
}
