import { describe, expect, it } from 'vitest';
import { addressGuard, isAddressRange, keyGuard } from '../../../src/observe/doors/guard.ts';
import { requestOf } from './requests.ts';

describe('keyGuard()', () => {
  const guard = keyGuard(['the-first-of-two-keys', 'the-second-of-two-keys']);
  it.each([
    ['Bearer the-first-of-two-keys', true],
    ['bearer  the-second-of-two-keys', true],
    ['Bearer the-first-of-two-key', false],
    ['Bearer the-first-of-two-keys-', false],
    ['the-first-of-two-keys', false],
    ['Basic the-first-of-two-keys', false],
    ['Bearer ', false],
    [undefined, false],
  ])('judges "%s" as %s', (authorization, isRight) => {
    expect(guard(requestOf({ headers: { authorization } }))).toBe(isRight);
  });

  it('lets nobody pass where there is no key', () => {
    expect(keyGuard([])(requestOf({ headers: { authorization: 'Bearer ' } }))).toBe(false);
  });
});

describe('addressGuard()', () => {
  const guard = addressGuard(['10.0.0.0/8', '192.168.1.5', 'fd00::/8']);
  it.each([
    ['10.200.3.4', true],
    ['::ffff:10.0.0.1', true],
    ['192.168.1.5', true],
    ['192.168.1.6', false],
    ['fd00::1', true],
    ['fe80::1%eth0', false],
    ['', false],
    [undefined, false],
  ])('judges %s as %s', (address, isAllowed) => {
    expect(guard(requestOf({ address }))).toBe(isAllowed);
  });

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
    'does not believe what came through a proxy (%s)',
    (name) => {
      expect(guard(requestOf({ address: '10.0.0.1', headers: { [name]: '10.0.0.1' } }))).toBe(false);
    },
  );
});

it('isAddressRange() knows addresses and ranges', () => {
  const wrong = ['', 'localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '1.2.3.4/8/8', '::1/129'];
  expect(wrong.filter(isAddressRange)).toEqual([]);
  const right = ['10.0.0.0/8', '1.2.3.4', '::1', 'fd00::/8'];
  expect(right.filter(isAddressRange)).toEqual(right);
});
