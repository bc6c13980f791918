/**
 * Whether a host is among those that an operator has listed.
 * @param listed names and addresses; `*.example.com`: every name below; none: whatever host
 * @param host of a URL: an IPv6 address with or without its brackets
 */
export function isListedHost(listed: readonly string[], host: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/^\[|\]$|\.$/g, '');
  const wanted = plain(host);
  return (
    listed.length === 0 ||
    listed.map(plain).some((one) => (one.startsWith('*.') ? wanted.endsWith(one.slice(1)) : wanted === one))
  );
}
