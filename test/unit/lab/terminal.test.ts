import { afterEach, expect, it, vi } from 'vitest';
import { showEvent } from '#lab';

const { isTTY, columns } = process.stdout;
afterEach(() => {
  Object.assign(process.stdout, { isTTY, columns });
  vi.restoreAllMocks();
});

function shown(terminal: boolean, text: string): string {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk;
    return true;
  });
  vi.spyOn(console, 'log').mockImplementation((line) => {
    out += `${line}\n`;
  });
  Object.assign(process.stdout, { isTTY: terminal, columns: 20 });
  showEvent(text);
  return out;
}

it('an event is as wide as the terminal at most, and takes the place of the line that somebody is at', () => {
  expect(shown(true, 'x'.repeat(30))).toBe(`\r\u001b[K${'x'.repeat(19)}…\n`);
  expect(shown(true, 'short')).toBe('\r\u001b[Kshort\n');
});

it('an event is whole and plain where it is no terminal', () => {
  expect(shown(false, 'x'.repeat(30))).toBe(`${'x'.repeat(30)}\n`);
});
