import type { BaseType, Model, View } from '#model';

const bare = new Set<BaseType>(['boolean', 'int', 'unsignedInt', 'long', 'unsignedLong', 'decimal']);

/**
 * `ParameterMap` of Boot! (TR-181): a JSON object of what the controller has asked for with its BootParameter rows and may read. Numbers and booleans are bare, all
 * else is text; numbers stay as they are written, so that none loses digits.
 */
export async function parameterMap(model: Model, view: View, paths: readonly string[]): Promise<string> {
  if (paths.length === 0) return '{}';
  const members: string[] = [];
  for (const { result } of await model.get(view, paths)) {
    if (!result.ok) continue;
    for (const { path, parameters } of result.value) {
      for (const { info, value } of parameters) {
        const text = bare.has(info.type) && !info.list && value !== '' ? value : JSON.stringify(value);
        members.push(`${JSON.stringify(path + info.name)}:${text}`);
      }
    }
  }
  return `{${members.join(',')}}`;
}
