// What rows that are items of lists go by.

/** @param section its name, or what stands for one that has none */
export const listedIdentity = (section: string, key: string): string => `${section}/${key}`;

/** No section's name begins so. */
const draftSign = '+';

/**
 * A row that was added and is not complete yet has no place in UCI: what is known of it is in its identity.
 * @param sign tells drafts apart that are otherwise the same
 * @param place name of the section that it is going to be in; empty: not known yet
 */
export const draftIdentity = (sign: string, place: string, item: string): string =>
  `${draftSign}${sign} ${place} ${item}`;

export function readDraft(identity: string): { sign: string; place: string; item: string } {
  const [sign = '', place = '', ...item] = identity.slice(draftSign.length).split(' ');
  return { sign, place, item: item.join(' ') };
}

export const isDraft = (identity: string): boolean => identity.startsWith(draftSign);
