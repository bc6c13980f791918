import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Router, startRouter } from '#lab';
import {
  Attributes,
  attribute,
  bytesAttribute,
  decodeTable,
  encodeMessage,
  encodeTable,
  flagAttribute,
  int32Attribute,
  messageType,
  textAttribute,
} from '../../../src/lab/router/ubusd/wire.ts';
import { UbusPeer } from '../../support/ubus-peer.ts';

let directory: string;
let router: Router;
let peer: UbusPeer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-router-'));
  router = await startRouter({ directory, reloadDelayMs: 5 });
  peer = await UbusPeer.connect(router.socketPath);
});
afterEach(async () => {
  peer[Symbol.dispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const statusOf = async (seq: number) =>
  new Attributes((await peer.take((f) => f.type === messageType.status && f.seq === seq)).body).int32(attribute.status);

describe('the bytes of the protocol', () => {
  it('takes the frames of the real client and answers with those of the real daemon', async () => {
    peer.write(hex('00 04 00 01 00 00 00 00 00 00 00 0c 02 00 00 07 72 63 00 00'));
    const data = await peer.take((f) => f.type === messageType.data);
    const found = new Attributes(data.body);
    expect([data.seq, data.peer, found.text(attribute.objectPath)]).toEqual([1, 0, 'rc']);
    expect(found.bytes(attribute.signature)!.toString('hex')).toBe(
      '8200003c00046c697374000085000010' +
        '00046e616d6500000000000385000020' +
        '0012736b69705f72756e6e696e675f636865636b000000000000000782000030' +
        '0004696e697400008500001000046e616d65000000000003' +
        '850000140006616374696f6e00000000000000000003'.replace('00000000000000000003', '0000000000000003'),
    );
    const status = await peer.take((f) => f.type === messageType.status);
    expect(status.body.toString('hex')).toBe('0100000800000000');
  });

  it('answers a call with the object in place of the peer', async () => {
    const [object] = await peer.lookup('uci');
    const seq = peer.send(
      messageType.invoke,
      0,
      int32Attribute(attribute.objectId, object!.id),
      textAttribute(attribute.method, 'get'),
      bytesAttribute(attribute.data, encodeTable({ config: 'system', section: 'ntp' })),
    );
    const data = await peer.take((f) => f.type === messageType.data && f.seq === seq);
    expect(data.peer).toBe(object!.id);
    const { values } = decodeTable(new Attributes(data.body).bytes(attribute.data)!) as { values: object };
    expect(Object.entries(values).slice(0, 3)).toEqual([
      ['.anonymous', false],
      ['.type', 'timeserver'],
      ['.name', 'ntp'],
    ]);
    expect(await statusOf(seq)).toBe(0);
  });

  it('echoes a ping', async () => {
    const { status, data } = await peer.request(messageType.ping, 0, textAttribute(attribute.method, 'x'));
    expect([status, data[0]!.text(attribute.method)]).toEqual([0, 'x']);
  });

  it('takes split and merged frames', async () => {
    const frame = encodeMessage(messageType.lookup, 77, 0, textAttribute(attribute.objectPath, 'system'));
    for (const byte of frame) {
      peer.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await statusOf(77)).toBe(0);
    peer.write(
      Buffer.concat(
        [78, 79, 80].map((seq) =>
          encodeMessage(messageType.lookup, seq, 0, textAttribute(attribute.objectPath, 'none')),
        ),
      ),
    );
    expect([await statusOf(78), await statusOf(79), await statusOf(80)]).toEqual([4, 4, 4]);
  });

  it.each([
    ['an unknown type', 99, [], 1],
    ['a HELLO', 0, [], 1],
    ['a MONITOR', 11, [], 1],
    ['a call without method', messageType.invoke, [int32Attribute(attribute.objectId, 5)], 2],
    ['a call without object', messageType.invoke, [textAttribute(attribute.method, 'x')], 2],
    [
      'an object id of three bytes',
      messageType.invoke,
      [bytesAttribute(attribute.objectId, Buffer.alloc(3)), textAttribute(attribute.method, 'x')],
      2,
    ],
    [
      'a call of an unknown object',
      messageType.invoke,
      [int32Attribute(attribute.objectId, 5), textAttribute(attribute.method, 'x')],
      4,
    ],
    ['an empty path', messageType.lookup, [textAttribute(attribute.objectPath, '')], 2],
    [
      'an attribute that overruns',
      messageType.invoke,
      [int32Attribute(attribute.objectId, 5), hex('0400ffff 78787878')],
      2,
    ],
    [
      'a subscription to the event object',
      messageType.subscribe,
      [int32Attribute(attribute.objectId, 5), int32Attribute(attribute.target, 1)],
      4,
    ],
  ])('refuses %s and stays connected', async (_, type, attributes, status) => {
    const seq = peer.send(type, 0, ...attributes);
    expect(await statusOf(seq)).toBe(status);
    expect((await peer.call('system', 'board')).status).toBe(0);
  });

  it('lists everything for a path that lacks its end', async () => {
    const { status, data } = await peer.request(
      messageType.lookup,
      0,
      bytesAttribute(attribute.objectPath, Buffer.from('system')),
    );
    expect(status).toBe(0);
    expect(data.length).toBeGreaterThan(20);
  });

  it.each([
    ['shorter than its own head', '00 04 00 01 00 00 00 00 00 00 00 03'],
    ['beyond a mebibyte', '00 04 00 01 00 00 00 00 00 10 00 01'],
  ])('disconnects who sends a frame %s', async (_, bytes) => {
    peer.write(hex(bytes));
    await peer.untilClosed();
  });

  it('refuses a method that does not exist, and a call whose data is missing or garbage', async () => {
    const [object] = await peer.lookup('system');
    expect((await peer.callId(object!.id, 'nothing')).status).toBe(3);
    expect((await peer.callId(object!.id, 'constructor')).status).toBe(3);
    const head = [int32Attribute(attribute.objectId, object!.id), textAttribute(attribute.method, 'board')];
    expect((await peer.request(messageType.invoke, 0, ...head)).status).toBe(2);
    expect(
      (await peer.request(messageType.invoke, 0, ...head, bytesAttribute(attribute.data, hex('03000004')))).status,
    ).toBe(2);
  });
});

describe('objects of clients', () => {
  it('are called through the daemon, with the caller named, and may answer late', async () => {
    using provider = await UbusPeer.connect(router.socketPath);
    const id = await provider.addObject('tandem', { status: { verbose: 7 } });
    expect(await peer.lookup('tandem')).toEqual([{ path: 'tandem', id, methods: { status: { verbose: 7 } } }]);
    const answer = peer.call('tandem', 'status', { verbose: true });
    const call = await provider.take((f) => f.type === messageType.invoke);
    const found = new Attributes(call.body);
    expect([found.text(attribute.method), found.text(attribute.user), found.text(attribute.group)]).toEqual([
      'status',
      'root',
      'root',
    ]);
    const reply = (type: number, ...attributes: Buffer[]) =>
      provider.write(encodeMessage(type, call.seq, call.peer, ...attributes, int32Attribute(attribute.objectId, id)));
    reply(messageType.data, bytesAttribute(attribute.data, encodeTable({ up: true })));
    reply(messageType.status, int32Attribute(attribute.status, 0));
    expect(await answer).toEqual({ status: 0, data: { up: true } });
  });

  it('may not take a name twice, and are gone with their client', async () => {
    await peer.listen('ubus.object.*');
    const provider = await UbusPeer.connect(router.socketPath);
    const id = await provider.addObject('tandem', { status: {} });
    expect(await peer.heard('ubus.object.add')).toEqual({ id: id | 0, path: 'tandem' });
    await expect(peer.addObject('tandem', { status: {} })).rejects.toThrow('refused: 2');
    provider[Symbol.dispose]();
    expect(await peer.heard('ubus.object.remove')).toEqual({ id: id | 0, path: 'tandem' });
    expect(await peer.lookup('tandem')).toEqual([]);
  });

  it('learn of their subscribers, and subscribers of their end', async () => {
    using provider = await UbusPeer.connect(router.socketPath);
    const id = await provider.addObject('tandem', { status: {} });
    const own = await peer.addObject();
    const pair = [int32Attribute(attribute.objectId, own), int32Attribute(attribute.target, id)];
    for (let i = 0; i < 2; i++) expect((await peer.request(messageType.subscribe, 0, ...pair)).status).toBe(0);
    const active = await provider.take((f) => f.type === messageType.notify);
    expect(new Attributes(active.body).flag(attribute.active)).toBe(true);
    const notification = [
      int32Attribute(attribute.objectId, id),
      textAttribute(attribute.method, 'news'),
      bytesAttribute(attribute.data, encodeTable({ n: 1 })),
    ];
    const { status, data } = await provider.request(messageType.notify, id, ...notification);
    expect([status, data]).toEqual([0, []]);
    // Subscribed twice is told twice.
    expect([await peer.heard('news'), await peer.heard('news')]).toEqual([{ n: 1 }, { n: 1 }]);
    provider.send(messageType.notify, id, ...notification, flagAttribute(attribute.noReply, true));
    await peer.heard('news');
    expect((await peer.request(messageType.unsubscribe, 0, ...pair)).status).toBe(0);
    provider[Symbol.dispose]();
    const end = new Attributes((await peer.take((f) => f.type === messageType.unsubscribe)).body);
    expect([end.int32(attribute.objectId), end.int32(attribute.target)]).toEqual([own, id]);
    expect((await peer.request(messageType.unsubscribe, 0, ...pair)).status).toBe(4);
  });

  it('may be removed by their client only', async () => {
    using other = await UbusPeer.connect(router.socketPath);
    const id = await other.addObject('tandem', { status: {} });
    expect((await peer.request(messageType.removeObject, 0, int32Attribute(attribute.objectId, id))).status).toBe(6);
    expect((await other.request(messageType.removeObject, 0, int32Attribute(attribute.objectId, id))).status).toBe(0);
    expect(await peer.lookup('tandem')).toEqual([]);
  });
});

describe('events', () => {
  it('reach the listeners of their name or prefix, once, and not their sender', async () => {
    using other = await UbusPeer.connect(router.socketPath);
    const object = await peer.addObject();
    for (const pattern of ['my.*', 'my.event']) await peer.callId(1, 'register', { object: object | 0, pattern });
    await other.listen('my.*');
    const data = { hello: 'world', n: -1, f: 1.5, b: true, z: null, big: 5_000_000_000, a: [1, 'x'] };
    expect((await other.callId(1, 'send', { id: 'my.event', data })).status).toBe(0);
    expect(await peer.heard('my.event')).toEqual(data);
    expect((await other.callId(1, 'send', { id: 'ubus.object.add', data: {} })).status).toBe(6);
    await other.callId(1, 'send', { id: 'my.last', data: {} });
    await peer.heard('my.last');
    expect(peer.frames.filter((f) => f.type === messageType.invoke)).toEqual([]);
    expect(other.frames.filter((f) => f.type === messageType.invoke)).toEqual([]);
  });
});

describe('injected faults', () => {
  it('a provider that hangs keeps one caller waiting and nobody else', async () => {
    using fault = router.failures.hang('iwinfo', 'scan');
    expect(fault).toBeDefined();
    const [iwinfo] = await peer.lookup('iwinfo');
    const seq = peer.send(
      messageType.invoke,
      0,
      int32Attribute(attribute.objectId, iwinfo!.id),
      textAttribute(attribute.method, 'scan'),
      bytesAttribute(attribute.data, encodeTable({ device: 'phy0-ap0' })),
    );
    expect((await peer.call('iwinfo', 'devices')).status).toBe(0);
    expect(peer.frames.some((f) => f.seq === seq)).toBe(false);
  });

  it('a provider that dies takes its objects away and brings them back under new ids', async () => {
    await peer.listen('ubus.object.*');
    const fault = router.failures.dieDuring('iwinfo', 'devices', 5);
    const [before] = await peer.lookup('iwinfo');
    const call = [
      int32Attribute(attribute.objectId, before!.id),
      textAttribute(attribute.method, 'devices'),
      bytesAttribute(attribute.data, Buffer.alloc(0)),
    ];
    const seq = peer.send(messageType.invoke, 0, ...call);
    await peer.heard('ubus.object.remove', (d) => d.path === 'uci');
    fault[Symbol.dispose]();
    await peer.heard('ubus.object.add', (d) => d.path === 'iwinfo');
    expect(peer.frames.some((f) => f.type === messageType.status && f.seq === seq)).toBe(false);
    const [after] = await peer.lookup('iwinfo');
    expect(after!.id).not.toBe(before!.id);
    expect((await peer.call('iwinfo', 'devices')).data).toEqual({ devices: ['phy0-ap0', 'phy1-ap0', 'phy1-ap1'] });
  });

  it('answers go missing, are nonsense, or are late; all of it is counted', async () => {
    {
      using dropped = router.failures.dropData('system', 'board');
      expect(dropped).toBeDefined();
      expect(await peer.call('system', 'board')).toEqual({ status: 0, data: undefined });
    }
    {
      using nonsense = router.failures.garbage('system', 'board', { hostname: [1] });
      expect(nonsense).toBeDefined();
      expect(await peer.call('system', 'board')).toEqual({ status: 0, data: { hostname: [1] } });
    }
    {
      using late = router.failures.slow('system', 20);
      expect(late).toBeDefined();
      const order: string[] = [];
      using other = await UbusPeer.connect(router.socketPath);
      await Promise.all([
        peer.call('system', 'board').then(() => order.push('board')),
        other.call('iwinfo', 'devices').then(() => order.push('devices')),
      ]);
      expect(order).toEqual(['devices', 'board']);
    }
    expect(router.calls.count('system', 'board')).toBe(3);
    expect(router.calls.total).toBe(4);
    expect(router.calls.recent.at(-1)?.object).toMatch(/system|iwinfo/);
  });
});
