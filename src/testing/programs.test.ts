import { afterEach, describe, expect, it, vi } from 'vitest';
import { requireProgram } from './programs.js';

describe('requireProgram', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('finds a program on PATH, and only programs', () => {
    expect(requireProgram('sh')).toMatch(/\/sh$/);
    vi.spyOn(console, 'log').mockImplementation(() => {});
    vi.stubEnv('IMSLAB_REQUIRE_TOOLS', '');
    vi.stubEnv('PATH', '/');
    expect(requireProgram('tmp')).toBeUndefined();
  });

  it('says that a test is skipped for want of a program', () => {
    vi.stubEnv('IMSLAB_REQUIRE_TOOLS', '');
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    expect(requireProgram('no-such-program')).toBeUndefined();
    expect(log).toHaveBeenCalledWith('skipped: no-such-program not installed');
  });

  it('fails where tools are required', () => {
    vi.stubEnv('IMSLAB_REQUIRE_TOOLS', '1');
    expect(() => requireProgram('no-such-program')).toThrow('no-such-program is not installed');
  });
});
