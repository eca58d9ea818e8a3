import { describe, expect, it } from 'vitest';
import { checkSettings, renderSettings } from '../src/postgres-settings.ts';

const plan = { port: 5433, isTemporary: false, further: {} };

describe('renderSettings()', () => {
  it('lets the caller overrule a default, and quotes what he says', () => {
    const text = renderSettings({ ...plan, further: { work_mem: "1'MB" } });
    expect(text).toContain("\nwork_mem = '1''MB'\n");
    expect(text).not.toContain("work_mem = '16MB'");
  });

  it('skips the disk only where the data are thrown away anyway', () => {
    expect(renderSettings(plan)).not.toContain('fsync');
    expect(renderSettings({ ...plan, isTemporary: true })).toContain("\nfsync = 'off'\n");
  });

  it('listens on loopback alone', () => {
    expect(renderSettings(plan)).toContain("\nlisten_addresses = '127.0.0.1'\n");
  });
});

describe('checkSettings()', () => {
  it.each([
    [{ port: '1' }, 'the local stack decides it itself'],
    [{ Listen_Addresses: '*' }, 'the local stack decides it itself'],
    [{ 'work mem': '1MB' }, 'no name of a setting'],
    [{ work_mem: "1MB\nport = '1'" }, 'must be one line'],
  ])('refuses %j', (settings, reason) => {
    expect(() => checkSettings(settings)).toThrow(reason);
  });

  it('accepts names of extensions', () => {
    expect(() => checkSettings({ 'pg_stat_statements.track': 'all' })).not.toThrow();
  });
});
