import type { CommandName, ServiceChangeMethod, StreamMode } from './message.js';

/** Looks a token up in its long or short form, in any case (H.248.1 B.2: everything but SDP is case insensitive). */
export type TokenSet<T extends string> = (word: string) => T | undefined;

function tokens<T extends string>(forms: Readonly<Record<T, string>>): TokenSet<T> {
  const map = new Map<string, T>();
  for (const [long, short] of Object.entries(forms) as [T, string][]) {
    map.set(long.toLowerCase(), long);
    if (short !== '') map.set(short.toLowerCase(), long);
  }
  // most messages are in the long form and the usual case
  return (word) => map.get(word) ?? map.get(word.toLowerCase());
}

export const transactionToken = tokens({
  Transaction: 'T',
  Reply: 'P',
  Pending: 'PN',
  TransactionResponseAck: 'K',
  Error: 'ER',
});

export const contextToken = tokens({ Context: 'C' });
export const immAckToken = tokens({ ImmAckRequired: 'IA' });
export const errorToken = tokens({ Error: 'ER' });

export const commandToken: TokenSet<CommandName> = tokens({
  Add: 'A',
  Modify: 'MF',
  Subtract: 'S',
  Move: 'MV',
  Notify: 'N',
  AuditValue: 'AV',
  AuditCapability: 'AC',
  ServiceChange: 'SC',
});

export const contextItemToken = tokens({ Priority: 'PR', Emergency: 'EG', EmergencyOff: 'EGO', Error: 'ER' });

export const descriptorToken = tokens({
  Media: 'M',
  Events: 'E',
  Signals: 'SG',
  ObservedEvents: 'OE',
  Audit: 'AT',
  Services: 'SV',
  Statistics: 'SA',
  Packages: 'PG',
  Error: 'ER',
});

/** Descriptors that stand without contents in an audit (H.248.1 B.2, auditItem). */
export const auditItemToken = tokens({
  Mux: 'MX',
  Modem: 'MD',
  Media: 'M',
  Signals: 'SG',
  EventBuffer: 'EB',
  DigitMap: 'DM',
  Statistics: 'SA',
  Events: 'E',
  ObservedEvents: 'OE',
  Packages: 'PG',
});

export const mediaToken = tokens({
  Stream: 'ST',
  TerminationState: 'TS',
  LocalControl: 'O',
  Local: 'L',
  Remote: 'R',
  Statistics: 'SA',
});

export const localControlToken = tokens({ Mode: 'MO', ReservedValue: 'RV', ReservedGroup: 'RG' });

export const modeToken: TokenSet<StreamMode> = tokens({
  SendReceive: 'SR',
  SendOnly: 'SO',
  ReceiveOnly: 'RC',
  Inactive: 'IN',
  LoopBack: 'LB',
});

export const terminationStateToken = tokens({ ServiceStates: 'SI', Buffer: 'BF' });
export const serviceStateToken = tokens({ InService: 'IV', OutOfService: 'OS', Test: 'TE' });
export const bufferToken = tokens({ Off: '', LockStep: 'SP' });
export const streamToken = tokens({ Stream: 'ST' });
export const signalListToken = tokens({ SignalList: 'SL' });
export const signalParameterToken = tokens({ SignalType: 'SY', Duration: 'DR', NotifyCompletion: 'NC' });
export const eventRawToken = tokens({ Embed: 'EM', DigitMap: 'DM' });

export const servicesToken = tokens({
  Method: 'MT',
  Reason: 'RE',
  ServiceChangeAddress: 'AD',
  Profile: 'PF',
  Version: 'V',
  Delay: 'DL',
  MgcIdToTry: 'MG',
});

export const methodToken: TokenSet<ServiceChangeMethod> = tokens({
  Restart: 'RS',
  Forced: 'FO',
  Graceful: 'GR',
  Disconnected: 'DC',
  HandOff: 'HO',
  Failover: 'FL',
});
