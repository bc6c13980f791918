import type { Files } from '#platform';
import type { SourceText } from './grammar.ts';
import type { Answer } from './sources.ts';

const fileLimitBytes = 256 * 1024;
const everyFileLimit = 1024;

/** What the file of a source says, or all that its `*` stands for. */
export const fileAnswer = (files: Files, source: SourceText): Answer =>
  source.file!.includes('*') ? everyFile(files, source) : oneFile(files, source, source.file!);

function oneFile(files: Files, source: SourceText, path: string): Answer {
  if (source.parse === 'name') {
    return files.exists(path) ? { ok: true, value: {} } : { ok: false, reason: `no file ${path}` };
  }
  const text = files.readText(path, fileLimitBytes);
  return text === undefined ? { ok: false, reason: `no file ${path}` } : parseFile(text, source);
}

/** `/sys/class/thermal/thermal_zone*\/temp`: an object by what the `*` stands for. */
function everyFile(files: Files, source: SourceText): Answer {
  const [, directory, before, after, rest] = /^(.*\/)([^/*]*)\*([^/*]*)((?:\/[^*]*)?)$/.exec(source.file!) ?? [];
  if (directory === undefined) return { ok: false, reason: `${source.file}: one * in one step` };
  const found: Record<string, unknown> = Object.create(null);
  for (const name of files.list(directory).slice(0, everyFileLimit)) {
    if (!name.startsWith(before!) || !name.endsWith(after!)) continue;
    const answer = oneFile(files, source, `${directory}${name}${rest}`);
    if (answer.ok) found[name.slice(before!.length, name.length - after!.length)] = answer.value;
  }
  return { ok: true, value: found };
}

function parseFile(text: string, source: SourceText): Answer {
  switch (source.parse) {
    case 'json':
      try {
        return { ok: true, value: JSON.parse(text) };
      } catch {
        return { ok: false, reason: `${source.file} is not JSON` };
      }
    case 'pairs': {
      const pairs: Record<string, string> = Object.create(null);
      for (const line of text.split('\n')) {
        const match = /^\s*([\w().-]+)\s*[:=]\s*(["']?)(.*?)\2\s*$/.exec(line);
        if (match) pairs[match[1]!] = match[3]!;
      }
      return { ok: true, value: pairs };
    }
    case 'table':
      return {
        ok: true,
        value: text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim().split(/\s+/)])),
      };
    default:
      return { ok: true, value: { text: text.trim(), words: text.trim().split(/\s+/), lines: text.split('\n') } };
  }
}
