/**
 * Translates an XML Schema regular expression (part 2, appendix F) into an anchored one of JavaScript. `undefined` for
 * what has no equal there (`\i`, `\c`, `\p{Is...}`, class subtraction) or is not well formed.
 */
export function translatePattern(pattern: string): RegExp | undefined {
  let out = '';
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '\\') {
      const escaped = translateEscape(pattern[++at], inClass);
      if (escaped === undefined) return undefined;
      out += escaped;
    } else if (inClass) {
      if (character === '[') return undefined;
      if (character === ']') inClass = false;
      out += character;
    } else if (character === '[') {
      inClass = true;
      out += character;
    } else if (character === '^' || character === '$') out += `\\${character}`;
    // XML Schema's dot is everything but line ends; with the u flag JavaScript's would let no other line separator pass.
    else if (character === '.') out += '[^\\n\\r]';
    // `(?` opens what XML Schema doesn't have. After a quantifier it means laziness, which one type of the schema
    // uses and which changes nothing where the whole text has to match.
    else if (character === '?' && pattern[at - 1] === '(' && pattern[at - 2] !== '\\') return undefined;
    else if (character === '(') out += '(?:';
    else out += character;
  }
  if (inClass) return undefined;
  try {
    return new RegExp(`^(?:${out})$`, 'u');
  } catch {
    return undefined;
  }
}

function translateEscape(escaped: string | undefined, inClass: boolean): string | undefined {
  if (escaped === undefined) return undefined;
  if (escaped === 'd') return inClass ? '0-9' : '[0-9]';
  if (escaped === 's') return inClass ? ' \\t\\n\\r' : '[ \\t\\n\\r]';
  if ('nrtDSwW'.includes(escaped)) return `\\${escaped}`;
  if (/[A-Za-z0-9]/.test(escaped)) return undefined;
  // With the u flag a hyphen may be escaped in a class only.
  return escaped === '-' && !inClass ? '-' : `\\${escaped}`;
}

const compiled = new Map<string, RegExp | undefined>();
const compiledKept = 64;

/**
 * Whether one of the alternatives matches. A pattern that can't be translated is no constraint: it is reported where
 * the schema is checked, a value must not be refused for it. The caller has bounded the text.
 */
export function matchesAny(patterns: readonly string[], text: string): boolean {
  if (patterns.length === 0) return true;
  return patterns.some((pattern) => {
    let expression = compiled.get(pattern);
    if (expression === undefined && !compiled.has(pattern)) {
      if (compiled.size >= compiledKept) compiled.clear();
      expression = translatePattern(pattern);
      compiled.set(pattern, expression);
    }
    return expression === undefined || expression.test(text);
  });
}
