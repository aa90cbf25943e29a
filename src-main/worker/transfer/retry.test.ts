import { describe, expect, it } from 'vitest';
import { Fault, type FaultCode } from '../../../src-shared/util/errors.ts';
import { faultIn, retryWhileLeased } from './retry.ts';

const coded = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });

/** How often work is done that fails once. */
async function timesAfter(error: Error): Promise<number> {
  let times = 0;
  const work = async () => {
    times += 1;
    if (times === 1) throw error;
  };
  await retryWhileLeased(new AbortController().signal, work).catch(() => undefined);
  return times;
}

describe('persist', () => {
  it('tries again what the network or the state of the master kept from working', async () => {
    const errors = [coded('ECONNRESET'), coded('ECONNREFUSED', { path: null }), coded('ERR_STREAM_PREMATURE_CLOSE')];
    const faults = (['node', 'missing', 'conflict'] as FaultCode[]).map((code) => new Fault(code, 'Not now.'));
    expect(await Promise.all([...errors, ...faults].map(timesAfter))).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('does not try again what was refused for good, nor what this computer is at fault for', async () => {
    const faults = (['fenced', 'denied', 'usage'] as FaultCode[]).map((code) => new Fault(code, 'No.'));
    const errors = [
      coded('ENOSPC'),
      coded('EACCES', { path: '/video' }),
      new Error('a defect'),
      new TypeError('another'),
    ];
    expect(await Promise.all([...faults, ...errors].map(timesAfter))).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  it('ends when it is aborted, also while it waits', async () => {
    const ending = new AbortController();
    const failing = retryWhileLeased(ending.signal, async () => {
      queueMicrotask(() => ending.abort(new Error('enough')));
      throw coded('ECONNRESET');
    });
    await expect(failing).rejects.toThrow('enough');
  });
});

describe('faultIn', () => {
  it('reads what the master says, and tells what it cannot read', () => {
    expect(faultIn(409, '{"code":"fenced","sentence":"Too late."}')).toMatchObject({
      code: 'fenced',
      message: 'Too late.',
    });
    expect(faultIn(502, '<html>Bad gateway')).toMatchObject({
      code: 'node',
      message: 'The master answered 502: <html>Bad gateway',
    });
  });
});
