/** Packages that can take away the way to the operator. */
export const connectivity: ReadonlySet<string> = new Set(['network', 'wireless', 'firewall', 'mwan3']);
