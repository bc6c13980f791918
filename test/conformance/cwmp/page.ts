import { type Requirement, requirements } from './requirements.ts';

const proof = (text: string): string => {
  const [file, title] = text.split(' › ');
  return `${file!.replace(/^test\//, '')}: ${title!.replaceAll('|', '\\|')}`;
};
const row = ({ number, text, proofs, open }: Requirement): string =>
  `| ${number} | ${text} | ${proofs.map(proof).join('<br>')}${proofs.length > 0 && open ? '<br>' : ''}${open ? `*${proofs.length === 0 ? 'not yet' : 'open'}: ${open}*` : ''} |`;

/** `docs/cwmp-conformance.md` */
export function conformancePage(): string {
  const proved = requirements.filter(({ proofs }) => proofs.length > 0);
  return `# TR-069, requirement by requirement

Made by \`npm run conformance:cwmp\` from \`test/conformance/cwmp/requirements.ts\`: what TR-069 Amendment 6 asks of a CPE, in our words and by our numbers, and the
tests that show it. ${proved.length} of ${requirements.length} have one; the others say why not.

| | what | shown by |
|---|---|---|
${requirements.map(row).join('\n')}
`;
}
