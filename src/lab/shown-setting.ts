/** What a person who looks on need not see. */
const secret = /(Password|Passphrase|Key|PIN)$/;

/** `NAME=VALUE`, for a person. */
export const shownSetting = (name: string, value: string): string =>
  `${name}=${secret.test(name) && value !== '' ? '********' : value}`;
