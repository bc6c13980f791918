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

/** Fails at the given call of stage or place; a place that fails may have placed already. */
function failing(at: number, late: boolean): (real: Uci) => Uci {
  let calls = 0;
  const count = (): void => {
    if (++calls === at) throw new Error('no');
  };
  return (real) => ({
    load: (name) => real.load(name),
    packages: () => real.packages(),
    revision: (name) => real.revision(name),
    preview: (name, changes) => real.preview(name, changes),
    text: (name) => real.text(name),
    replace: (name, text) => real.replace(name, text),
    hold: (names, work) =>
      real.hold(names, (held) =>
        work({
          stage: (name, text) => {
            count();
            held.stage(name, text);
          },
          place: () => {
            if (!late) count();
            held.place();
            if (late) count();
          },
          discard: () => held.discard(),
        }),
      ),
  });
}

const value = fc.stringMatching(/^[ -~]{1,20}$/);

describe('a transaction over two packages', () => {
  it('leaves every byte as it was when applying fails at any step', async () => {
    await fc.assert(
      fc.asyncProperty(value, value, fc.constantFrom(1, 2, 3), fc.boolean(), async (ssid, apn, at, late) => {
        await using fixture = await openModel({ bus: bus(), packages, uci: failing(at, late) });
        const answer = await fixture.model.write({ protocol: 'cwmp' }, writes(ssid, apn), {
          origin: { by: 'cwmp' },
          partial: false,
        });
        expect(answer.committed).toBe(false);
        expect(fixture.config('wireless')).toBe(packages.wireless);
        expect(fixture.config('network')).toBe(packages.network);
      }),
      { numRuns: 20 },
    );
  });

  it('lands whole when nothing fails, and is there after a restart', async () => {
    const first = await openModel({ bus: bus(), packages });
    try {
      const answer = await first.model.write({ protocol: 'usp' }, writes('New', 'new'), {
        origin: { by: 'usp' },
        partial: false,
      });
      expect(answer.committed).toBe(true);
      const again = await openModel({ bus: bus(), packages: {}, root: first.root });
      expect(again.config('wireless')).toContain("option ssid 'New'");
      expect(again.config('network')).toContain("option apn 'new'");
      await again.model[Symbol.asyncDispose]();
    } finally {
      rmSync(first.root, { recursive: true, force: true });
    }
  });
});
