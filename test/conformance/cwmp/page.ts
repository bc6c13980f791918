import { type Requirement, requirements } from './requirements.ts';

const proof = (text: string): string => {
  const [file, title] = text.split(' › ');
  return `${file!.replace(/^test\//, '')}: ${title!.replaceAll('|', '\\|')}`;
};
const row = ({ number, text, proofs, open, applies }: Requirement): string => {
  const kind = applies === false ? 'not applicable' : proofs.length === 0 ? 'not yet' : 'open';
  return `| ${number} | ${text} | ${[...(open ? [`*${kind}: ${open}*`] : []), ...proofs.map(proof)].join('<br>')} |`;
};

/** `docs/cwmp-conformance.md` */
export function conformancePage(): string {
  const applying = requirements.filter(({ applies }) => applies !== false);
  const proved = applying.filter(({ proofs }) => proofs.length > 0);
  return `# TR-069, requirement by requirement

Made by \`npm run conformance:cwmp\` from \`test/conformance/cwmp/requirements.ts\`: what TR-069 Amendment 6 asks of a CPE, in our words and by our numbers, and the
tests that show it. ${proved.length} of ${requirements.length} have one, ${requirements.length - applying.length} does not apply; the others say why not.

| | what | shown by |
|---|---|---|
${requirements.map(row).join('\n')}
`;
}
