import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, type LogRecord } from '#base';
import { FileStateStore, RootedFiles } from '#platform';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-state-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('FileStateStore', () => {
  const lines: LogRecord[] = [];
  const store = () => {
    lines.length = 0;
    return new FileStateStore(
      join(directory, 'state'),
      createLog((record) => void lines.push(record)),
    );
  };
  const path = () => join(directory, 'state', 'notes');

  it('gives back what was written, to its owner only', async () => {
    const state = store();
    expect(state.read('notes')).toBeUndefined();
    await state.write('notes', 'ünïcode\n');
    expect(state.read('notes')).toBe('ünïcode\n');
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'state')).mode & 0o777).toBe(0o700);
    expect(lines).toEqual([]);
  });

  it.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ['flipped', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)])],
    ['empty', () => Buffer.alloc(0)],
    ['foreign', () => Buffer.from('something else\nhere')],
  ])('falls back to the previous generation when the newest is %s, and says so', async (_, damage) => {
    const state = store();
    await state.write('notes', 'one');
    await state.write('notes', 'two');
    writeFileSync(path(), damage(readFileSync(path())));
    expect(state.read('notes')).toBe('one');
    expect(lines.map((line) => line.level)).toEqual(['error']);
    // A damaged newest must not drive out the good previous one.
    await state.write('notes', 'three');
    expect(state.read('notes')).toBe('three');
    expect(readFileSync(`${path()}.prev`, 'utf8')).toMatch(/one$/);
  });

  it('has nothing when both generations are damaged', async () => {
    const state = store();
    await state.write('notes', 'one');
    await state.write('notes', 'two');
    writeFileSync(path(), 'x');
    writeFileSync(`${path()}.prev`, 'y');
    expect(state.read('notes')).toBeUndefined();
    expect(lines).toHaveLength(2);
  });

  it('writes in the order of the calls, removes everything, and refuses names that leave the directory', async () => {
    const state = store();
    await Promise.all(['a', 'b', 'c'].map((text) => state.write('notes', text)));
    expect(state.read('notes')).toBe('c');
    await state.remove('notes');
    expect(state.read('notes')).toBeUndefined();
    expect(readdirSync(join(directory, 'state'))).toEqual([]);
    await expect(state.write('../x', '')).rejects.toMatchObject({ code: 'STATE_NAME' });
  });

  it('says when it can not write', async () => {
    writeFileSync(join(directory, 'state'), 'a file in the way');
    await expect(store().write('notes', 'x')).rejects.toMatchObject({ code: 'STATE_IO' });
  });
});

describe('RootedFiles', () => {
  it('reads below its root only, and at most as much as asked', () => {
    writeFileSync(join(directory, 'uptime'), '12.5 3.0\n');
    const files = new RootedFiles(directory);
    expect(files.readText('/uptime')).toBe('12.5 3.0\n');
    expect(files.readText('uptime', 4)).toBe('12.5');
    expect(files.readText('/../../../uptime')).toBe('12.5 3.0\n');
    expect(files.readText('/absent')).toBeUndefined();
    expect(files.readText('/')).toBeUndefined();
    expect(files.list('/')).toEqual(['uptime']);
    expect(files.list('/absent')).toEqual([]);
    expect(files.exists('/uptime')).toBe(true);
  });

  it('reads files of /proc, which say that they are empty', () => {
    expect(new RootedFiles().readText('/proc/self/status')).toMatch(/^Name:/);
  });
});
