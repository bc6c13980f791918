/** How an item of a list is written: literal texts, and between them names of the parameters whose parts of it stand there. */
export interface ItemForm {
  /** Literals at even places, names at odd ones. */
  readonly pieces: readonly string[];
  /** Name of the part that tells the items of one section apart: the first. */
  readonly key: string;
}

/** How items stand in a list where that is not the text that a form is about. */
export interface ItemCode {
  /** @returns the text; `undefined`: the item is nothing that a text could say */
  read(item: string): string | undefined;
  /** @returns the item; empty: the text is not complete; `undefined`: no item says this */
  write(text: string): string | undefined;
}

/** `{Port}:{Untagged}`. @returns the form, or what is wrong with the text */
export function parseItemForm(text: string): ItemForm | string {
  const pieces = text.split(/[{}]/);
  const names = pieces.filter((_, at) => at % 2 === 1);
  if (names.length === 0 || pieces.length % 2 === 0) return `'${text}' has no parameter in braces`;
  return { pieces, key: names[0]! };
}

export const partNames = ({ pieces }: ItemForm): string[] => pieces.filter((_, at) => at % 2 === 1);

/** @param part what stands for each of the parameters */
export const itemOf = ({ pieces }: ItemForm, part: (name: string) => string): string =>
  pieces.map((piece, at) => (at % 2 === 0 ? piece : part(piece))).join('');

/** What a pattern picks out of an item: its group, or the whole match. */
export function partOf(item: string, pick: RegExp): string | undefined {
  const match = pick.exec(item);
  return match ? (match.length > 1 ? match[1] : match[0]) : undefined;
}
