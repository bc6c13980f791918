import { unreachable } from '#base';
import { escapeLiteral } from './search-syntax.ts';
import type { Leaf, ParsedPath, ReferenceItem, SearchTerm, Segment } from './types.ts';

/** The canonical text: no optional blanks, `#1` left out. Parsing it again gives an equal path. */
export function formatPath(path: ParsedPath): string {
  return formatSegments(path.segments) + formatLeaf(path.leaf);
}

/** With the trailing dot; '' for none. */
export function formatSegments(segments: readonly Segment[]): string {
  let text = '';
  for (const segment of segments) text += `${formatSegment(segment)}.`;
  return text;
}

function formatSegment(segment: Segment): string {
  switch (segment.kind) {
    case 'name':
      return segment.name;
    case 'schema':
      return '{i}';
    case 'instance':
      return String(segment.instance);
    case 'wildcard':
      return '*';
    case 'alias':
      return `[${segment.alias}]`;
    case 'search':
      return `[${segment.terms.map(formatTerm).join('&&')}]`;
    case 'reference':
      return segment.name + formatFollow(segment.item);
    default:
      return unreachable(segment);
  }
}

const formatLeaf = (leaf: Leaf): string => (leaf.kind === 'object' ? '' : leaf.name);

const formatFollow = (item: ReferenceItem): string => (item === 1 ? '+' : `#${item}+`);

function formatTerm(term: SearchTerm): string {
  const steps = term.steps.map((step) => step.name + (step.follow === undefined ? '' : formatFollow(step.follow)));
  const { text, quoted } = term.constant;
  return steps.join('.') + term.operator + (quoted ? `"${escapeLiteral(text)}"` : text);
}
