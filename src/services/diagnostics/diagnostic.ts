import { type Clock, errorCode, ok, type Result, refused } from '#base';
import type { CommandResult, Model, ModelFault } from '#model';
import { type Bus, ProgramError, type ProgramOutput, type Programs } from '#platform';

export interface DiagnosticParts {
  readonly programs: Programs;
  readonly bus: Bus;
  readonly model: Model;
  readonly clock: Clock;
}

/** One test of the device. Its end is told in `Status`; what it can't do at all is a refusal. */
export type Diagnostic = (
  parts: DiagnosticParts,
  args: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<CommandResult>;

/** `Status` and, after a test that was made, its results. */
export const ended = (status: string, results: Readonly<Record<string, string>> = {}): CommandResult =>
  ok({ Status: status, ...results });

/** A name or an address, fit for a program's argument. */
export const isHost = (text: string): boolean => /^[A-Za-z0-9_[\]][A-Za-z0-9._:%-]{0,254}$/.test(text);

export function numberOf(text: string | undefined, otherwise: number): number {
  return text === undefined || text === '' ? otherwise : Number(text);
}

/**
 * The Linux device of an interface's row.
 * @param path `Device.IP.Interface.1`; empty: the routing table decides
 */
export async function deviceOf(
  { model, bus }: DiagnosticParts,
  path: string,
): Promise<Result<string | undefined, ModelFault>> {
  if (path === '') return ok(undefined);
  const [reading] = await model.get({ protocol: 'usp' }, [`${path.replace(/\.$/, '')}.Name`]);
  const name = reading?.result.ok ? reading.result.value[0]?.parameters[0]?.value : undefined;
  if (!name) return refused({ kind: 'command-arguments', message: 'there is no such interface', path: 'Interface' });
  try {
    const { l3_device, device } = await bus.invoke(`network.interface.${name}`, 'status');
    const found = typeof l3_device === 'string' ? l3_device : device;
    if (typeof found === 'string') return ok(found);
  } catch {
    // Not an interface of netifd: then its name is that of the device.
    return ok(name);
  }
  return refused({ kind: 'command-failed', message: 'the interface is down', path: 'Interface' });
}

/** Runs a program of the device. @returns a refusal where it is not there or says nothing that could be read */
export async function runProgram(
  { programs }: DiagnosticParts,
  name: string,
  args: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Result<ProgramOutput, ModelFault & { readonly timeout: boolean }>> {
  try {
    return ok(await programs.run(name, args, { timeoutMs, signal }));
  } catch (error) {
    if (signal.aborted || !(error instanceof ProgramError)) throw error;
    const timeout = errorCode(error) === 'PROGRAM_TIMEOUT';
    return refused({ kind: 'command-failed', message: error.message, cause: error, timeout });
  }
}

export const unresolved = /bad address|unknown host|not known|name resolution|can't resolve|cannot resolve/i;
export const noRoute = /unreachable|no route to host/i;
