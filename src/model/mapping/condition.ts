/** What a mapping file may ask about the device (`$if`). Absent facts fit nothing. */
export interface DeviceFacts {
  /** `/tmp/sysinfo/board_name` */
  readonly board?: string;
  readonly model?: string;
  /** `24.10.2` */
  readonly openwrt?: string;
}

const comparison = /^(>=|<=|!=|>|<|=)?\s*(.*)$/s;

/**
 * Whether every condition holds. A text is compared with `=` (the default; `*` at its end stands for anything) or `!=`, a version with all six.
 * @returns the answer, or what is wrong with the conditions
 */
export function holds(conditions: Readonly<Record<string, unknown>>, facts: DeviceFacts): boolean | string {
  let all = true;
  for (const [name, wanted] of Object.entries(conditions)) {
    if (name !== 'board' && name !== 'model' && name !== 'openwrt')
      return `$if knows board, model and openwrt, not '${name}'`;
    if (typeof wanted !== 'string') return `$if ${name} is a text`;
    const [, operator = '=', operand = ''] = comparison.exec(wanted)!;
    const actual = facts[name];
    if (name !== 'openwrt' && operator !== '=' && operator !== '!=') return `$if ${name} is compared with = or !=`;
    if (actual === undefined) all = false;
    else if (!fits(actual, operator, operand, name === 'openwrt')) all = false;
  }
  return all;
}

function fits(actual: string, operator: string, operand: string, version: boolean): boolean {
  if (operand.endsWith('*')) return actual.startsWith(operand.slice(0, -1)) === (operator === '=');
  const order = version ? compareVersions(actual, operand) : actual === operand ? 0 : 1;
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    default:
      return order < 0;
  }
}

/** Number by number; what is missing counts as equal, so that 24.10 is every 24.10.x. */
function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.split(/[.-]/).map((part) => Number.parseInt(part, 10)));
  for (let at = 0; at < Math.min(a!.length, b!.length); at++) {
    if (Number.isNaN(a![at]!) || Number.isNaN(b![at]!)) return 0;
    if (a![at] !== b![at]) return a![at]! - b![at]!;
  }
  return 0;
}
