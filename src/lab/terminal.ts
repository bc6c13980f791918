import { createInterface } from 'node:readline/promises';
import { explain } from '#base';
import { labHelp, runLabCommand } from './commands.ts';
import type { Lab } from './lab.ts';

/** Takes lab commands from standard input until it ends or says `quit`. */
export async function runTerminal(lab: Lab): Promise<void> {
  console.log(labHelp);
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: 'lab> ' });
  terminal.prompt();
  for await (const line of terminal) {
    if (line.trim() === 'quit' || line.trim() === 'exit') break;
    if (line.trim() !== '') await runShown(lab, line);
    terminal.prompt();
  }
  terminal.close();
}

/** @returns false for a mistake in the line, which is shown */
export async function runShown(lab: Lab, line: string): Promise<boolean> {
  try {
    console.log(await runLabCommand(lab, line));
    return true;
  } catch (error) {
    console.error(explain(error));
    return false;
  }
}
