import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, sleep, systemClock } from '#base';
import { parseUci, UciError, UciFiles } from '#platform';

const noFlock = spawnSync('flock', ['--help']).error !== undefined;

const parsed = (text: string) => parseUci(text).toPackage('test');
const options = (text: string, section: string) => Object.fromEntries(parsed(text).section(section)?.options ?? []);

function parseError(text: string): UciError {
  try {
    parseUci(text);
  } catch (error) {
    if (error instanceof UciError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('the grammar of UCI files', () => {
  it('reads sections, options, lists and comments', () => {
    const text =
      "# a\npackage network\n\nconfig interface 'lan' # b\n\toption proto static\n\tlist dns '9.9.9.9'\n\tlist dns 1.1.1.1#c\n";
    expect(options(text, 'lan')).toEqual({ proto: 'static', dns: ['9.9.9.9', '1.1.1.1'] });
  });

  it('takes single quotes literally, double quotes with backslash, and concatenates adjacent pieces', () => {
    const text = `config t s\n option a 'it'\\''s'\n option b "say \\"hi\\" \\\\ x"\n option c 'a\\nb'\n option d one' 'two" "three\n option e 'l1\nl2'\n option f a\\ b\n`;
    expect(options(text, 's')).toEqual({
      a: "it's",
      b: 'say "hi" \\ x',
      c: 'a\\nb',
      d: 'one two three',
      e: 'l1\nl2',
      f: 'a b',
    });
  });

  it('gives anonymous sections the names that libuci gives them', () => {
    const text = 'config defaults\nconfig zone\nconfig zone\nconfig rule named\nconfig rule\n';
    expect(parsed(text).sections.map((s) => s.name)).toEqual([
      'cfg01e63d',
      'cfg02dc81',
      'cfg03dc81',
      'named',
      'cfg0592bd',
    ]);
  });

  it('merges sections of the same name, and the last option of a name counts', () => {
    expect(options('config t s\n option a 1\n option b 2\nconfig t s\n option a 3\n', 's')).toEqual({ a: '3', b: '2' });
  });

  it('makes a list of an option that is followed by a list of its name', () => {
    expect(options('config t s\n option a 1\n list a 2\n', 's')).toEqual({ a: ['1', '2'] });
  });

  it('drops options without a value', () => {
    expect(options("config t s\n option a ''\n option b\n option c x\n", 's')).toEqual({ c: 'x' });
  });

  it('splits statements at a semicolon that stands alone or behind quotes, and loses what follows a bare word', () => {
    expect(options("config t s\n option a 'x'; option b 'y' ; option c z\n", 's')).toEqual({ a: 'x', b: 'y', c: 'z' });
    expect(options('config t s\n option a x; option b y\n option c z\n', 's')).toEqual({ a: 'x', c: 'z' });
  });

  it.each([
    ['confg x\n', 1, 0, 'invalid command'],
    ['\n\nconfig\n', 3, 0, 'invalid command'],
    ['config t a b\n', 1, 12, 'too many arguments'],
    ['config t bad-name\n', 1, 17, 'invalid character in name field'],
    ['option a b\n', 1, 6, 'before the first section'],
    ["config t s\n option a 'x\ny\n", 2, 10, 'unterminated'],
    ['config t s\nconfig u s\n', 2, 10, 'different type'],
    ['config t s\n option a b\u0000\n', 2, 11, 'NUL'],
  ])('refuses %j with line and byte', (text, line, byte, reason) => {
    const error = parseError(text);
    expect(error).toMatchObject({ code: 'UCI_PARSE', line, byte });
    expect(error.message).toContain(reason);
  });

  it('writes the normal form of libuci', () => {
    const text = '# gone\nconfig zone\n option name "it\'s"\n list network lan\nconfig rule r\n';
    expect(parseUci(text).toText()).toBe(
      "\nconfig zone\n\toption name 'it'\\''s'\n\tlist network 'lan'\n\nconfig rule 'r'\n\n",
    );
  });
});

describe('UciFiles', () => {
  let directory: string;
  let uci: UciFiles;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-uci-'));
    uci = new UciFiles(directory);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('sees a foreign edit at the next read and keeps an unchanged package', () => {
    const file = join(directory, 'system');
    writeFileSync(file, "config system s\n option hostname 'a'\n");
    const first = uci.load('system');
    expect(uci.load('system')).toBe(first);
    const revision = uci.revision('system');
    writeFileSync(file, "config system s\n option hostname 'bc'\n");
    expect(uci.revision('system')).not.toBe(revision);
    expect(uci.load('system')?.section('s')?.options.get('hostname')).toBe('bc');
  });

  it('knows absent packages, lists the others, and refuses names that leave the directory', () => {
    writeFileSync(join(directory, 'network'), '');
    writeFileSync(join(directory, '.network.uci-abcdef'), '');
    expect(uci.load('nothing')).toBeUndefined();
    expect(uci.text('nothing')).toBeUndefined();
    expect(uci.packages()).toEqual(['network']);
    expect(() => uci.load('../passwd')).toThrow(UciError);
  });

  it('previews changes without writing', () => {
    const text = 'config interface lan\n option proto static\n option mtu 1400\nconfig rule\n option a 1\n';
    writeFileSync(join(directory, 'network'), text);
    const anonymous = uci.load('network')!.sections[1]!.name;
    const preview = uci.preview('network', [
      { op: 'set', section: 'lan', option: 'proto', value: 'dhcp' },
      { op: 'unset', section: 'lan', option: 'mtu' },
      { op: 'rename', section: anonymous, to: 'mine' },
      { op: 'add', section: 'wan', type: 'interface' },
      { op: 'set', section: 'wan', option: 'dns', value: ['1.1.1.1', '9.9.9.9'] },
    ]);
    expect(preview).toBe(
      "\nconfig interface 'lan'\n\toption proto 'dhcp'\n\nconfig rule 'mine'\n\toption a '1'\n\nconfig interface 'wan'\n\tlist dns '1.1.1.1'\n\tlist dns '9.9.9.9'\n\n",
    );
    expect(uci.text('network')).toBe(text);
    expect(() => uci.preview('network', [{ op: 'delete', section: 'none' }])).toThrow(/no section 'none'/);
    expect(() => uci.preview('network', [{ op: 'add', section: 'lan', type: 'interface' }])).toThrow(/exists already/);
    expect(() => uci.preview('network', [{ op: 'set', section: 'lan', option: 'a', value: 'b\u0001' }])).toThrow(
      /control/,
    );
  });

  it('replaces a file whole, keeps its mode and leaves nothing behind', async () => {
    const file = join(directory, 'wireless');
    writeFileSync(file, 'config x a\n');
    chmodSync(file, 0o640);
    await uci.replace('wireless', "config x b\n\toption ssid 'ü'\n");
    expect(readFileSync(file, 'utf8')).toBe("config x b\n\toption ssid 'ü'\n");
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(directory)).toEqual(['wireless']);
    expect(uci.load('wireless')?.section('b')).toBeDefined();
  });

  it('makes a package that does not exist, and never writes one that can not be read', async () => {
    await uci.replace('new', 'config x a\n');
    expect(uci.load('new')?.sections).toHaveLength(1);
    await expect(uci.replace('new', 'nonsense\n')).rejects.toMatchObject({ code: 'UCI_PARSE' });
    expect(uci.text('new')).toBe('config x a\n');
  });

  it.skipIf(noFlock)(
    `waits for whoever holds the lock of libuci${noFlock ? ' (no flock program here)' : ''}`,
    async () => {
      const file = join(directory, 'dhcp');
      writeFileSync(file, 'config x a\n');
      const holder = spawn('flock', [file, 'cat']);
      const held = new Promise((resolve) => holder.stdout.once('data', resolve));
      holder.stdin.write('.');
      await held;
      const order: string[] = [];
      const replaced = uci.replace('dhcp', 'config x b\n').then(() => order.push('replaced'));
      await sleep(systemClock, 100);
      expect(uci.text('dhcp')).toBe('config x a\n');
      order.push('released');
      holder.stdin.end();
      await replaced;
      expect(order).toEqual(['released', 'replaced']);
      expect(uci.text('dhcp')).toBe('config x b\n');
    },
  );

  it('reads and writes a package where it is overridden, for as long as it is', async () => {
    const overrides = join(directory, 'run');
    mkdirSync(overrides);
    const files = new UciFiles(directory, silentLog, undefined, overrides);
    writeFileSync(join(directory, 'system'), "config system 's'\n\toption a 'kept'\n");
    writeFileSync(join(overrides, 'system'), "config system 's'\n\toption a 'now'\n");
    expect(files.load('system')?.section('s')?.options.get('a')).toBe('now');
    await files.replace('system', "config system 's'\n\toption a 'later'\n");
    expect(readFileSync(join(directory, 'system'), 'utf8')).toContain('kept');
    rmSync(join(overrides, 'system'));
    expect(files.load('system')?.section('s')?.options.get('a')).toBe('kept');
  });

  it('sweeps away what a power cut left of our own temporary files, and nothing of anybody else', () => {
    const kept = ['network', '.network.uci-abcdef', '.network.tandem-abcdef.bak', '.tandem-abcdef'];
    for (const name of [...kept, '.network.tandem-a1b2c3']) writeFileSync(join(directory, name), '');
    uci.sweep();
    expect(readdirSync(directory).sort()).toEqual([...kept].sort());
    new UciFiles(join(directory, 'nowhere')).sweep();
  });

  it('refuses a file beyond the limit', () => {
    writeFileSync(join(directory, 'big'), Buffer.alloc((1 << 20) + 1, 0x23));
    expect(() => uci.load('big')).toThrow(expect.objectContaining({ code: 'UCI_LIMIT' }));
  });
});
