import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { explain } from '#base';
import { formatAcsEvent } from './acs/index.ts';
import { labHelp } from './commands.ts';
import { formatControllerEvent } from './controller/index.ts';
import { startLab } from './lab.ts';
import { type LabOver, labOvers } from './lab-over.ts';
import { runShown, runTerminal, showEvent } from './terminal.ts';

const usage = `tandem lab: a simulated router with the agent on it, an ACS and a USP controller

  --controllers N  USP controllers: 2 (the default) adds one with another role, the viewer
  --over WHAT   what carries USP: ${labOvers.join(', ')} (default: the first; the others without the viewer)
  --acs-by-dhcp the ACS is named by DHCP, and by nothing on the device
  --run LINE    run a command of the lab and end (may be given more than once)
  --quiet       do not show what happens

${labHelp}
`;

/** @returns the exit code: 0 ended well, 1 a command failed, 2 wrong usage */
async function main(argv: readonly string[]): Promise<number> {
  let options: {
    over: string;
    run: string[];
    quiet: boolean;
    help: boolean;
    controllers: string;
    'acs-by-dhcp': boolean;
  };
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        over: { type: 'string', default: labOvers[0] },
        run: { type: 'string', multiple: true, default: [] },
        'acs-by-dhcp': { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        controllers: { type: 'string', default: '2' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    options = values;
    if (!['1', '2'].includes(options.controllers)) throw new Error('--controllers is 1 or 2');
  } catch (error) {
    process.stderr.write(`tandem lab: ${explain(error)}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const over = labOvers.find((known): known is LabOver => known === options.over);
  if (!over) {
    process.stderr.write(`tandem lab: --over is one of ${labOvers.join(', ')}\n`);
    return 2;
  }
  const dist = dirname(resolve(process.argv[1]!));
  const directory = mkdtempSync(join(tmpdir(), 'tandem-lab-'));
  // Interrupted before somebody can type; the agent is of the same process group.
  process.once('SIGINT', () => {
    rmSync(directory, { recursive: true, force: true });
    process.exit(130);
  });
  const say = (text: string): void => {
    if (!options.quiet) showEvent(text);
  };
  try {
    await using lab = await startLab({
      dist,
      directory,
      over,
      acsByDhcp: options['acs-by-dhcp'],
      controllers: options.controllers === '1' ? 1 : 2,
      onAgentLine: (line) => say(`agent   ${line}`),
    });
    lab.acs.events.on((event) => say(formatAcsEvent(event)));
    lab.controller.events.on((event) => say(formatControllerEvent(event)));
    lab.viewer?.events.on((event) => say(formatControllerEvent(event, 'VIEW')));
    lab.router.onReload.on((pack) => say(`router  takes over the package ${pack}`));
    lab.router.onReboot.on(() => say('router  reboots'));
    await lab.startAgent();
    await Promise.all([
      lab.acs.inform(() => true),
      lab.controller.connected(lab.endpoint),
      lab.viewer?.connected(lab.endpoint),
    ]);
    const variables = Object.entries(lab.environment).map(([name, value]) => `${name}=${value}`);
    if (!options.quiet)
      console.log(
        `\nThe CLI on this router: ${variables.join(' ')} ${process.execPath} ${join(dist, 'tandem.cjs')} status\n`,
      );
    if (options.run.length > 0) {
      let good = true;
      for (const line of options.run) good = (await runShown(lab, line)) && good;
      return good ? 0 : 1;
    }
    await runTerminal(lab);
    return 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

void main(process.argv.slice(2)).then((code) => process.exit(code));
