import type { Bench } from '../bench.ts';
import type { Requests, Responses } from '../side/peer.ts';
import type { Test } from '../verdict.ts';

type Options = Partial<Requests['getSupportedDm']>;
type ObjectResult = Responses['getSupportedDmResp']['reqObjResults'][number];
type SupportedObject = ObjectResult['supportedObjs'][number];

const everything: Options = {
  returnCommands: true,
  returnEvents: true,
  returnParams: true,
  returnUniqueKeySets: true,
};

async function ask(t: Bench, objPaths: readonly string[], options: Options): Promise<readonly ObjectResult[]> {
  const request = {
    objPaths,
    firstLevelOnly: false,
    returnCommands: false,
    returnEvents: false,
    returnParams: false,
    returnUniqueKeySets: false,
    ...options,
  };
  const resp = t.expect(1, await t.ask('getSupportedDm', request));
  t.equal(
    1,
    resp.reqObjResults.map(({ reqObjPath }) => reqObjPath),
    objPaths,
    'the requested paths',
  );
  return resp.reqObjResults;
}

/** The objects of a path that is supported. */
async function objects(t: Bench, path: string, options: Options): Promise<readonly SupportedObject[]> {
  const [result] = await ask(t, [path], options);
  t.metric(1, result!.errCode === 0, `error ${result!.errCode} ${result!.errMsg}`);
  t.metric(1, /^urn:/.test(result!.dataModelInstUri), `data_model_inst_uri is ${result!.dataModelInstUri}`);
  return result!.supportedObjs;
}

const name = /^[A-Za-z_][\w-]*$/;
/** `RouteHops.{i}.Host` too. */
const argument = /^[A-Za-z_][\w-]*(?:\.(?:\{i\}|[A-Za-z_][\w-]*))*\.?$/;

/** Everything that is said of an object can be so. */
function valid(t: Bench, all: readonly SupportedObject[]): void {
  for (const one of all) {
    const at = one.supportedObjPath;
    t.metric(2, /^Device\.(?:[A-Za-z_][\w-]*\.|\{i\}\.)*$/.test(at), `${at} is no supported object path`);
    t.equal(2, one.isMultiInstance, at.endsWith('{i}.'), `is_multi_instance of ${at}`);
    for (const { paramName, access, valueType, valueChange } of one.supportedParams) {
      t.metric(3, name.test(paramName), `${at}${paramName} is no relative path`);
      t.metric(3, [0, 1, 2].includes(access), `access of ${at}${paramName} is ${access}`);
      t.metric(3, valueType >= 1 && valueType <= 10, `value_type of ${at}${paramName} is ${valueType}`);
      t.metric(3, valueChange === 1 || valueChange === 2, `value_change of ${at}${paramName} is ${valueChange}`);
    }
    for (const { commandName, commandType, inputArgNames, outputArgNames } of one.supportedCommands) {
      t.metric(4, /^[A-Za-z_][\w-]*\(\)$/.test(commandName), `${at}${commandName} is no command`);
      t.metric(4, commandType === 1 || commandType === 2, `command_type of ${at}${commandName} is ${commandType}`);
      for (const arg of [...inputArgNames, ...outputArgNames])
        t.metric(4, argument.test(arg), `${arg} of ${at}${commandName} is no relative path`);
    }
    for (const { eventName, argNames } of one.supportedEvents) {
      t.metric(5, /^[A-Za-z_][\w-]*!$/.test(eventName), `${at}${eventName} is no event`);
      for (const arg of argNames) t.metric(5, argument.test(arg), `${arg} of ${at}${eventName} is no relative path`);
    }
    const known = new Set(one.supportedParams.map(({ paramName }) => paramName));
    for (const { keyNames } of one.uniqueKeySets) {
      t.metric(6, keyNames.length > 0, `a unique key set of ${at} is empty`);
      for (const key of keyNames)
        t.metric(6, name.test(key) && (known.size === 0 || known.has(key)), `${key} is no parameter of ${at}`);
    }
  }
}

const isEmpty = (one: SupportedObject): boolean =>
  one.supportedParams.length + one.supportedCommands.length + one.supportedEvents.length + one.uniqueKeySets.length ===
  0;

/** With first_level_only what is asked for has its content, and its children are named. */
function firstLevel(t: Bench, root: string, all: readonly SupportedObject[]): void {
  const own = all.find(({ supportedObjPath }) => supportedObjPath === root);
  t.metric(1, own !== undefined, `${root} is missing`);
  const children = all.filter((one) => one !== own);
  t.metric(1, children.length > 0, `the children of ${root} are missing`);
  for (const { supportedObjPath } of children) {
    const rest = supportedObjPath.startsWith(root) ? supportedObjPath.slice(root.length).replace(/\{i\}\.$/, '') : '';
    t.metric(1, /^[A-Za-z_][\w-]*\.$/.test(rest), `${supportedObjPath} is no child of ${root}`);
  }
  const talkative = children.find((child) => !isEmpty(child));
  t.metric(2, talkative === undefined, `${talkative?.supportedObjPath} has content`);
}

/** One object with one element of it. */
async function onlyElement(
  t: Bench,
  path: string,
  object: string,
  count: (one: SupportedObject) => string[],
): Promise<void> {
  const one = t.one(1, await objects(t, path, everything), 'supported_objs');
  t.equal(1, one.supportedObjPath, object, 'supported_obj_path');
  t.equal(1, count(one), [path.slice(object.length)], 'what was asked for');
  const names = [
    ...one.supportedParams.map(({ paramName }) => paramName),
    ...one.supportedCommands.map(({ commandName }) => commandName),
    ...one.supportedEvents.map(({ eventName }) => eventName),
  ];
  t.equal(1, names, count(one), 'all that is told');
  t.equal(1, one.uniqueKeySets, [], 'unique_key_sets');
}

export const supportedTests: readonly Test[] = [
  {
    number: '1.72',
    title: 'GetSupportedDM of an object, all levels, everything',
    async run(t: Bench) {
      const all = await objects(t, 'Device.LocalAgent.', everything);
      for (const path of [
        'Device.LocalAgent.',
        'Device.LocalAgent.Subscription.{i}.',
        'Device.LocalAgent.Controller.{i}.MTP.{i}.',
      ])
        t.metric(
          2,
          all.some(({ supportedObjPath }) => supportedObjPath === path),
          `${path} is missing`,
        );
      const table = all.find(({ supportedObjPath }) => supportedObjPath === 'Device.LocalAgent.Subscription.{i}.')!;
      t.metric(2, table.uniqueKeySets.length > 0, 'the unique keys of Subscription are missing');
      valid(t, all);
    },
  },
  {
    number: '1.73',
    title: 'GetSupportedDM of an object, first level, everything',
    async run(t: Bench) {
      const all = await objects(t, 'Device.LocalAgent.', { ...everything, firstLevelOnly: true });
      firstLevel(t, 'Device.LocalAgent.', all);
      valid(t, all);
      for (const { uniqueKeySets, supportedObjPath } of all)
        t.equal(6, uniqueKeySets, [], `unique_key_sets of ${supportedObjPath}`);
    },
  },
  {
    number: '1.74',
    title: 'GetSupportedDM of an object, first level, nothing',
    async run(t: Bench) {
      const all = await objects(t, 'Device.LocalAgent.', { firstLevelOnly: true });
      firstLevel(t, 'Device.LocalAgent.', all);
      t.metric(2, all.every(isEmpty), 'an object has content');
    },
  },
  {
    number: '1.75',
    title: 'GetSupportedDM of two tables, first level, everything',
    async run(t: Bench) {
      const paths = ['Device.LocalAgent.Controller.', 'Device.LocalAgent.MTP.'];
      const results = await ask(t, paths, { ...everything, firstLevelOnly: true });
      for (const [index, { errCode, errMsg, supportedObjs }] of results.entries()) {
        t.metric(1, errCode === 0, `error ${errCode} ${errMsg}`);
        const root = `${paths[index]}{i}.`;
        firstLevel(t, root, supportedObjs);
        valid(t, supportedObjs);
        const keys = supportedObjs.find(({ supportedObjPath }) => supportedObjPath === root)!.uniqueKeySets;
        t.metric(6, keys.length > 0, `the unique keys of ${root} are missing`);
      }
    },
  },
  {
    number: '1.76',
    title: 'GetSupportedDM of the root, everything',
    async run(t: Bench) {
      const all = await objects(t, 'Device.', everything);
      valid(t, all);
      for (const path of ['Device.', 'Device.LocalAgent.', 'Device.LocalAgent.Subscription.{i}.'])
        t.metric(
          1,
          all.some(({ supportedObjPath }) => supportedObjPath === path),
          `${path} is missing`,
        );
      t.metric(
        1,
        all.some(({ supportedCommands }) => supportedCommands.length > 0),
        'no command is told',
      );
      t.metric(
        1,
        all.some(({ supportedEvents }) => supportedEvents.length > 0),
        'no event is told',
      );
    },
  },
  {
    number: '1.77',
    title: 'GetSupportedDM of an object that is not supported',
    async run(t: Bench) {
      const [result] = await ask(t, ['Device.LocalAgent.UnsupportedObject.'], everything);
      t.metric(1, result!.errCode !== 0, 'there is no error');
      t.code(1, result!.errCode, 'getSupportedDm');
    },
  },
  {
    number: '1.80',
    title: 'GetSupportedProtocol',
    async run(t: Bench) {
      const request = { controllerSupportedProtocolVersions: '1.0,1.1,1.2,1.3,1.4' };
      const resp = t.expect(1, await t.ask('getSupportedProtocol', request));
      const versions = resp.agentSupportedProtocolVersions;
      t.metric(2, /^1\.[0-9]+(, *1\.[0-9]+)*$/.test(versions), `the versions are "${versions}"`);
    },
  },
  {
    number: '1.97',
    title: 'GetSupportedDM of the root, commands only',
    needs: [38],
    async run(t: Bench) {
      const all = await objects(t, 'Device.', { returnCommands: true });
      valid(t, all);
      t.metric(
        1,
        all.every((one) => one.supportedParams.length + one.supportedEvents.length + one.uniqueKeySets.length === 0),
        'more than commands is told',
      );
      const commands = all.flatMap(({ supportedCommands }) => supportedCommands);
      t.metric(2, commands.length > 0, 'no command is told');
      t.metric(
        4,
        commands.some(({ inputArgNames }) => inputArgNames.length > 0),
        'no command has input arguments',
      );
    },
  },
  {
    number: '1.98',
    title: 'GetSupportedDM of the root, events only',
    needs: [39],
    async run(t: Bench) {
      const all = await objects(t, 'Device.', { returnEvents: true });
      valid(t, all);
      t.metric(
        1,
        all.every((one) => one.supportedParams.length + one.supportedCommands.length + one.uniqueKeySets.length === 0),
        'more than events is told',
      );
      const events = all.flatMap(({ supportedEvents }) => supportedEvents);
      t.metric(2, events.length > 0, 'no event is told');
      t.metric(
        3,
        events.some(({ argNames }) => argNames.length > 0),
        'no event has arguments',
      );
    },
  },
  {
    number: '1.99',
    title: 'GetSupportedDM of a table, unique keys only',
    async run(t: Bench) {
      const all = await objects(t, 'Device.LocalAgent.Subscription.', { returnUniqueKeySets: true });
      const one = t.one(1, all, 'supported_objs');
      t.equal(1, one.supportedParams.length + one.supportedCommands.length + one.supportedEvents.length, 0, 'the rest');
      const sets = one.uniqueKeySets.map(({ keyNames }) => [...keyNames].sort().join(' ')).sort();
      t.equal(2, sets, ['Alias', 'ID Recipient'], 'the unique key sets');
    },
  },
  {
    number: '1.105',
    title: 'GetSupportedDM of a command',
    needs: [10],
    run: (t: Bench) =>
      onlyElement(t, 'Device.Reboot()', 'Device.', (one) =>
        one.supportedCommands.map(({ commandName }) => commandName),
      ),
  },
  {
    number: '1.106',
    title: 'GetSupportedDM of an event',
    needs: [10],
    run: (t: Bench) =>
      onlyElement(t, 'Device.Boot!', 'Device.', (one) => one.supportedEvents.map(({ eventName }) => eventName)),
  },
  {
    number: '1.107',
    title: 'GetSupportedDM of a parameter',
    run: (t: Bench) =>
      onlyElement(t, 'Device.LocalAgent.EndpointID', 'Device.LocalAgent.', (one) =>
        one.supportedParams.map(({ paramName }) => paramName),
      ),
  },
];
