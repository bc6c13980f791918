// What rows that are items of lists go by.

/** @param section its name, or what stands for one that has none */
export const listedIdentity = (section: string, key: string): string => `${section}/${key}`;

/** No section's name begins so. */
const draftSign = '+';

/** Of a row that is not to be in its list. */
const offSign = '-';

/**
 * A row that is not enabled, or not complete, is in no list: what is known of it is in its identity.
 * @param sign tells drafts apart that are otherwise the same
 * @param place name of the section that it is going to be in; empty: not known yet
 */
export const draftIdentity = ({ sign, enabled, place, item }: Draft): string =>
  `${draftSign}${enabled ? '' : offSign}${sign} ${place} ${item}`;

export interface Draft {
  readonly sign: string;
  readonly enabled: boolean;
  readonly place: string;
  readonly item: string;
}

export function readDraft(identity: string): Draft {
  const [said = '', place = '', ...item] = identity.slice(draftSign.length).split(' ');
  const enabled = !said.startsWith(offSign);
  return { sign: enabled ? said : said.slice(offSign.length), enabled, place, item: item.join(' ') };
}

/** Of a row that is added in this transaction: nobody finds it by this before it is finished and applied. */
export const newIdentity = (sign: string): string => `~${sign}`;

/** @param identity of a row that is an item, or is going to be */
export const isEnabled = (identity: string): boolean =>
  isDraft(identity) ? readDraft(identity).enabled : !identity.startsWith('~');

export const isDraft = (identity: string): boolean => identity.startsWith(draftSign);
