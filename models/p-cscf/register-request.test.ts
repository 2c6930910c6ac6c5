import { describe, expect, it } from 'vitest';
import { SipHeaders, SipRequest, SipResponse } from '../../src/wire/sip/index.js';
import { ipAssociation, privateIdentity, removeCoreOnly, toCoreRegister } from './register-request.js';

const blank = 'Digest username="u@home1.net", realm="home1.net", nonce="", uri="sip:home1.net", response=""';
const answered = blank.replace('response=""', 'response="abc"');

function register(...fields: [string, string][]): SipRequest {
  return new SipRequest(
    'REGISTER',
    'sip:home1.net',
    new SipHeaders([['To', '<sip:u@home1.net;x=y>'], ...fields]),
  );
}

describe('the REGISTER that a P-CSCF sends on', () => {
  const parts = { path: 'sip:t@pcscf1.home1.net:5060;lr', network: 'home1.net', icid: 'i1' };

  it('has nothing in it that a UE may not say, and what the core has to know', () => {
    const request = register(
      ['Authorization', `${blank}, integrity-protected="auth-done", authorization-entity="waf"`],
      ['P-Asserted-Identity', '<sip:admin@home1.net>'],
      ['P-Charging-Vector', 'icid-value=mine'],
      ['P-Visited-Network-ID', '"visited1.net"'],
      ['Path', '<sip:evil.example;lr>'],
    );
    toCoreRegister(request, { ...parts, integrity: undefined });
    const { headers } = request;
    expect(headers.get('authorization')).toBe(blank);
    expect(headers.has('p-asserted-identity')).toBe(false);
    expect(headers.all('path')).toEqual(['<sip:t@pcscf1.home1.net:5060;lr>']);
    expect(headers.all('p-visited-network-id')).toEqual(['"home1.net"']);
    expect(headers.all('p-charging-vector')).toEqual(['icid-value="i1";orig-ioi="Type 1home1.net"']);
    expect(headers.list('require')).toEqual(['path']);
  });

  it('says how far the UE is known by its address', () => {
    expect(ipAssociation(register(), false)).toBeUndefined();
    expect(ipAssociation(register(['Authorization', blank]), false)).toBeUndefined();
    expect(ipAssociation(register(['Authorization', answered]), false)).toBe('ip-assoc-pending');
    expect(ipAssociation(register(['Authorization', answered]), true)).toBe('ip-assoc-yes');
    const request = register(['Authorization', answered]);
    toCoreRegister(request, { ...parts, integrity: 'ip-assoc-yes' });
    expect(request.headers.get('authorization')).toBe(`${answered}, integrity-protected="ip-assoc-yes"`);
  });

  it('is of the private identity in its credentials, or else of the one its public identity stands for', () => {
    expect(privateIdentity(register(['Authorization', blank.replace('u@', 'v@')]))).toBe('v@home1.net');
    expect(privateIdentity(register())).toBe('u@home1.net');
  });
});

describe('a message to a UE', () => {
  it('does not show charging, nor who asked not to be shown', () => {
    const fields: [string, string][] = [
      ['P-Charging-Vector', 'icid-value=x'],
      ['P-Asserted-Identity', '<sip:a@home1.net>'],
    ];
    const open = removeCoreOnly(new SipResponse(200, 'OK', new SipHeaders(fields)));
    expect([...open.headers].map(({ name }) => name)).toEqual(['P-Asserted-Identity']);
    const hidden = removeCoreOnly(
      new SipResponse(200, 'OK', new SipHeaders([...fields, ['Privacy', 'header;id']])),
    );
    expect([...hidden.headers].map(({ name }) => name)).toEqual(['Privacy']);
  });
});
