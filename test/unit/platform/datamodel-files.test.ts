import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadDataModelFiles } from '#platform';

const share = join(import.meta.dirname, '../../../datamodel');

it('a vendor’s file that can not be read costs that file only', () => {
  const vendor = mkdtempSync(join(tmpdir(), 'tandem-vendor-'));
  try {
    mkdirSync(join(vendor, '10-directory.json'));
    writeFileSync(join(vendor, '20-good.json'), '{}');
    const own = loadDataModelFiles(share, vendor).mappings.filter(({ checked }) => !checked);
    expect(own).toEqual([
      { file: join(vendor, '10-directory.json'), text: '', unread: expect.stringContaining("can't be read: EISDIR") },
      { file: join(vendor, '20-good.json'), text: '{}' },
    ]);
  } finally {
    rmSync(vendor, { recursive: true, force: true });
  }
});
