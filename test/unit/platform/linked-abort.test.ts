import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { LinkedAbort } from '#base';

describe('an abort that is linked', () => {
  it('ends with the other one, for its reason', () => {
    const parent = new AbortController();
    using linked = new LinkedAbort(parent.signal);
    expect(linked.signal.aborted).toBe(false);
    const reason = new Error('over');
    parent.abort(reason);
    expect(linked.signal.reason).toBe(reason);
    using late = new LinkedAbort(parent.signal);
    expect(late.signal.reason).toBe(reason);
  });

  it('ends alone, and leaves nothing with the other one when it is no longer in use', () => {
    const parent = new AbortController();
    {
      using linked = new LinkedAbort(parent.signal);
      linked.abort(new Error('mine'));
      expect(parent.signal.aborted).toBe(false);
      expect(linked.signal.reason).toEqual(new Error('mine'));
    }
    expect(getEventListeners(parent.signal, 'abort')).toEqual([]);
  });
});
