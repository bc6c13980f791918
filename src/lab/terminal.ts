import { createInterface, type Interface } from 'node:readline/promises';
import { explain } from '#base';
import { labHelp, runLabCommand } from './commands.ts';
import type { Lab } from './lab.ts';

/** Whoever is typing at the moment. */
let typing: Interface | undefined;

/** Shows what happens while somebody may be typing: above the line that he is at, and on a terminal no wider than it is. */
export function showEvent(text: string): void {
  if (!process.stdout.isTTY) {
    console.log(text);
    return;
  }
  const width = process.stdout.columns || 80;
  const line = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  process.stdout.write(`\r\u001b[K${line}\n`);
  typing?.prompt(true);
}

/** Takes lab commands from standard input until it ends or says `quit`. */
export async function runTerminal(lab: Lab): Promise<void> {
  console.log(labHelp);
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: 'lab> ' });
  typing = terminal;
  terminal.prompt();
  for await (const line of terminal) {
    if (line.trim() === 'quit' || line.trim() === 'exit') break;
    if (line.trim() !== '') await runShown(lab, line);
    terminal.prompt();
  }
  typing = undefined;
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
