import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Uci } from '#platform';
import { FakeBus } from '../../support/fake-bus.ts';
import { openModel } from '../../support/model-fixture.ts';

const packages = {
  wireless: '# a comment that must survive\nconfig wifi-iface \'home\'\n  option mode ap\n  option ssid "Home"\n',
  network: "config interface 'wwan'\n\toption proto 'modemmanager'\n\toption apn 'internet'\n",
  system: '',
};
const bus = (): FakeBus => new FakeBus({ 'service event': () => ({}) });
const writes = (ssid: string, apn: string) => [
  { op: 'set' as const, path: 'Device.WiFi.SSID.1.', parameters: [{ name: 'SSID', value: ssid, required: true }] },
  {
    op: 'set' as const,
    path: 'Device.Cellular.AccessPoint.1.',
    parameters: [{ name: 'APN', value: apn, required: true }],
  },
];

/** Fails at the given call of replace, and from then on if the power is gone. */
function failing(at: number, forGood: boolean): (real: Uci) => Uci {
  let calls = 0;
  return (real) => ({
    load: (name) => real.load(name),
    packages: () => real.packages(),
    revision: (name) => real.revision(name),
    preview: (name, changes) => real.preview(name, changes),
    text: (name) => real.text(name),
    replace: async (name, text) => {
      calls++;
      if (calls === at || (forGood && calls > at)) throw new Error('no');
      await real.replace(name, text);
    },
  });
}

const value = fc.stringMatching(/^[ -~]{1,20}$/);

describe('a transaction over two packages', () => {
  it('leaves every byte as it was when applying fails at any step', async () => {
    await fc.assert(
      fc.asyncProperty(value, value, fc.constantFrom(1, 2), async (ssid, apn, at) => {
        await using fixture = await openModel({ bus: bus(), packages, uci: failing(at, false) });
        const answer = await fixture.model.write({ protocol: 'cwmp' }, writes(ssid, apn), {
          origin: { by: 'cwmp' },
          partial: false,
        });
        expect(answer.committed).toBe(false);
        expect(fixture.config('wireless')).toBe(packages.wireless);
        expect(fixture.config('network')).toBe(packages.network);
      }),
      { numRuns: 30 },
    );
  });

  it.each([1, 2])('is undone at the next start when the power goes at step %i', async (at) => {
    const cut = await openModel({ bus: bus(), packages, uci: failing(at, true) });
    try {
      await cut.model.write({ protocol: 'usp' }, writes('New', 'new'), { origin: { by: 'usp' }, partial: false });
      const again = await openModel({ bus: bus(), packages: {}, root: cut.root });
      expect(again.config('wireless')).toBe(packages.wireless);
      expect(again.config('network')).toBe(packages.network);
      await again.model[Symbol.asyncDispose]();
    } finally {
      rmSync(cut.root, { recursive: true, force: true });
    }
  });

  it('lands whole when nothing fails', async () => {
    await using fixture = await openModel({ bus: bus(), packages });
    const answer = await fixture.model.write({ protocol: 'usp' }, writes('New', 'new'), {
      origin: { by: 'usp' },
      partial: false,
    });
    expect(answer.committed).toBe(true);
    expect(fixture.config('wireless')).toContain("option ssid 'New'");
    expect(fixture.config('network')).toContain("option apn 'new'");
  });
});
