import type {
  Descriptor,
  ErrorDescriptor,
  EventItem,
  LocalControl,
  MediaDescriptor,
  ObservedEvent,
  Property,
  ServicesDescriptor,
  Statistic,
  StreamDescriptor,
  TerminationState,
} from './message.js';
import { readPropertyValue, unquote } from './properties.js';
import { Refusal, type Scanner } from './scanner.js';
import * as tokens from './tokens.js';

const UINT16 = 0xffff;
const UINT32 = 0xffffffff;
const timePattern = /^\d{8}T\d{8}$/i;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads a descriptor; one that is not known, or stands without contents, stays text. */
export function readDescriptor(scanner: Scanner): Descriptor {
  const start = scanner.start();
  const token = tokens.descriptorToken(scanner.word('a descriptor'));
  const next = scanner.skip();
  const rawDescriptor = (): Descriptor => {
    scanner.index = start;
    const text = scanner.raw();
    return { kind: 'Raw', text };
  };
  if (token === 'Error') return readError(scanner);
  if (token === 'Events' || token === 'ObservedEvents') {
    if (next === '=') return token === 'Events' ? readEvents(scanner) : readObservedEvents(scanner);
    return rawDescriptor();
  }
  if (token === undefined || next !== '{') return rawDescriptor();
  switch (token) {
    case 'Media':
      return readMedia(scanner);
    case 'Signals':
      return readSignals(scanner);
    case 'Audit': {
      const items: string[] = [];
      scanner.list('Audit', () => {
        const text = scanner.raw();
        items.push(tokens.auditItemToken(text) ?? text);
      });
      return { kind: 'Audit', items };
    }
    case 'Services':
      return readServices(scanner);
    case 'Statistics':
      return { kind: 'Statistics', statistics: readStatistics(scanner) };
    case 'Packages': {
      const packages: string[] = [];
      scanner.list('Packages', () => packages.push(scanner.word('a package')));
      return { kind: 'Packages', packages };
    }
  }
}

/** Reads what follows `Error`. */
export function readError(scanner: Scanner): ErrorDescriptor {
  scanner.expect('=', 'Error');
  const code = scanner.number(9999, 'an error code');
  scanner.expect('{', 'the error code');
  const text = scanner.skip() === '"' ? unquote(scanner.value('a quoted string')) : undefined;
  scanner.expect('}', 'the error text');
  return text === undefined ? { kind: 'Error', code } : { kind: 'Error', code, text };
}

function readMedia(scanner: Scanner): MediaDescriptor {
  let terminationState: TerminationState | undefined;
  const streams: StreamDescriptor[] = [];
  const raw: string[] = [];
  let unnumbered: Writable<StreamDescriptor> | undefined;
  scanner.list('Media', () => {
    const start = scanner.start();
    const token = tokens.mediaToken(scanner.word('a media item'));
    const next = scanner.skip();
    if (token === 'Stream' && next === '=') {
      scanner.take('=');
      const id = scanner.number(UINT16, 'a stream number');
      const stream: Writable<StreamDescriptor> = { id, raw: [] };
      scanner.list('Stream', () => readStreamItem(scanner, stream));
      streams.push(stream);
    } else if (token === 'TerminationState' && next === '{' && terminationState === undefined) {
      terminationState = readTerminationState(scanner);
    } else {
      scanner.index = start;
      if (token === undefined || token === 'Stream' || token === 'TerminationState' || next !== '{') {
        raw.push(scanner.raw());
      } else {
        if (unnumbered === undefined) {
          unnumbered = { raw: [] };
          streams.push(unnumbered);
        }
        readStreamItem(scanner, unnumbered);
      }
    }
  });
  return { kind: 'Media', ...(terminationState === undefined ? {} : { terminationState }), streams, raw };
}

function readStreamItem(scanner: Scanner, stream: Writable<StreamDescriptor>): void {
  const start = scanner.start();
  const token = tokens.mediaToken(scanner.word('a stream item'));
  const twice = (name: string) => new Refusal(`${name} occurs twice`, start, undefined, 448);
  if (scanner.skip() === '{') {
    switch (token) {
      case 'LocalControl':
        if (stream.localControl !== undefined) throw twice(token);
        stream.localControl = readLocalControl(scanner);
        return;
      case 'Local':
        if (stream.local !== undefined) throw twice(token);
        stream.local = scanner.octets(token);
        return;
      case 'Remote':
        if (stream.remote !== undefined) throw twice(token);
        stream.remote = scanner.octets(token);
        return;
      case 'Statistics':
        if (stream.statistics !== undefined) throw twice(token);
        stream.statistics = readStatistics(scanner);
        return;
    }
  }
  scanner.index = start;
  stream.raw = [...stream.raw, scanner.raw()];
}

function readLocalControl(scanner: Scanner): LocalControl {
  const control: Writable<LocalControl> = { properties: [] };
  const properties: Property[] = [];
  scanner.list('LocalControl', () => {
    const start = scanner.start();
    const name = scanner.word('a property');
    const value = readPropertyValue(scanner);
    const text = typeof value === 'string' ? value : undefined;
    const token = text === undefined ? undefined : tokens.localControlToken(name);
    if (text === undefined || token === undefined) {
      properties.push({ name, value });
      return;
    }
    if (token === 'Mode') {
      const mode = tokens.modeToken(text);
      if (mode === undefined) throw new Refusal(`unknown mode ${text}`, start, 'a stream mode');
      control.mode = mode;
    } else {
      const on = onOff(text);
      if (on === undefined) throw new Refusal(`${text} is neither ON nor OFF`, start, 'ON or OFF');
      control[token === 'ReservedValue' ? 'reservedValue' : 'reservedGroup'] = on;
    }
  });
  control.properties = properties;
  return control;
}

function onOff(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === 'on' ? true : word === 'off' ? false : undefined;
}

function readTerminationState(scanner: Scanner): TerminationState {
  const state: Writable<TerminationState> = { properties: [] };
  const properties: Property[] = [];
  scanner.list('TerminationState', () => {
    const name = scanner.word('a property');
    const value = readPropertyValue(scanner);
    const text = typeof value === 'string' ? value : '';
    const token = tokens.terminationStateToken(name);
    const service = token === 'ServiceStates' ? tokens.serviceStateToken(text) : undefined;
    const buffer = token === 'Buffer' ? tokens.bufferToken(text) : undefined;
    if (service !== undefined) state.serviceStates = service;
    else if (buffer !== undefined) state.eventBufferControl = buffer;
    else properties.push({ name, value });
  });
  state.properties = properties;
  return state;
}

function readStatistics(scanner: Scanner): Statistic[] {
  const statistics: Statistic[] = [];
  scanner.list('Statistics', () => {
    const name = scanner.word('a statistic');
    statistics.push(scanner.take('=') ? { name, value: scanner.value('a value') } : { name });
  });
  return statistics;
}

function readRequestId(scanner: Scanner): number | '*' {
  return scanner.take('*') ? '*' : scanner.number(UINT32, 'a request id');
}

function readEvents(scanner: Scanner): Descriptor {
  scanner.expect('=', 'Events');
  const requestId = readRequestId(scanner);
  const events: EventItem[] = [];
  scanner.list('Events', () => events.push(readEventItem(scanner, scanner.word('an event'))));
  return { kind: 'Events', requestId, events };
}

function readObservedEvents(scanner: Scanner): Descriptor {
  scanner.expect('=', 'ObservedEvents');
  const requestId = readRequestId(scanner);
  const events: ObservedEvent[] = [];
  scanner.list('ObservedEvents', () => {
    const word = scanner.word('an event');
    if (!timePattern.test(word) || !scanner.take(':')) events.push(readEventItem(scanner, word));
    else events.push({ time: word, ...readEventItem(scanner, scanner.word('an event')) });
  });
  return { kind: 'ObservedEvents', requestId, events };
}

function readSignals(scanner: Scanner): Descriptor {
  const signals: EventItem[] = [];
  const raw: string[] = [];
  scanner.list('Signals', () => {
    const start = scanner.start();
    const name = scanner.word('a signal');
    if (tokens.signalListToken(name) === undefined) {
      signals.push(readEventItem(scanner, name));
    } else {
      scanner.index = start;
      raw.push(scanner.raw());
    }
  });
  return { kind: 'Signals', signals, raw };
}

function readEventItem(scanner: Scanner, name: string): EventItem {
  const parameters: Property[] = [];
  const raw: string[] = [];
  let stream: number | undefined;
  if (scanner.skip() === '{') {
    scanner.list(name, () => {
      const start = scanner.start();
      const word = scanner.word('a parameter');
      const next = scanner.skip();
      if (next === '=' && stream === undefined && tokens.streamToken(word) !== undefined) {
        scanner.take('=');
        stream = scanner.number(UINT16, 'a stream number');
      } else if ('=<>#'.includes(next) && next !== '' && tokens.eventRawToken(word) === undefined) {
        parameters.push({
          name: tokens.signalParameterToken(word) ?? word,
          value: readPropertyValue(scanner),
        });
      } else {
        scanner.index = start;
        raw.push(scanner.raw());
      }
    });
  }
  return { name, ...(stream === undefined ? {} : { stream }), parameters, raw };
}

function readServices(scanner: Scanner): ServicesDescriptor {
  const services: Writable<ServicesDescriptor> = { kind: 'Services', extensions: [], raw: [] };
  const extensions: Property[] = [];
  const raw: string[] = [];
  scanner.list('Services', () => {
    const start = scanner.start();
    const word = scanner.word('a service change parameter');
    const next = scanner.skip();
    const token = next === '=' ? tokens.servicesToken(word) : undefined;
    if (token !== undefined) scanner.take('=');
    switch (token) {
      case 'Method': {
        const method = scanner.word('a method');
        services.method = tokens.methodToken(method) ?? method;
        return;
      }
      case 'Reason':
        services.reason = unquote(scanner.value('a reason'));
        return;
      case 'ServiceChangeAddress':
        services.address = scanner.mid('an address or a port');
        return;
      case 'Profile':
        services.profile = scanner.word('a profile');
        return;
      case 'Version':
        services.version = scanner.number(99, 'a version');
        return;
      case 'Delay':
        services.delay = scanner.number(UINT32, 'seconds');
        return;
      case 'MgcIdToTry':
        services.mgcIdToTry = scanner.mid('a message identifier');
        return;
    }
    if (timePattern.test(word) && next !== '=') {
      services.timestamp = word;
    } else if (next === '=' || next === '<' || next === '>' || next === '#') {
      extensions.push({ name: word, value: readPropertyValue(scanner) });
    } else {
      scanner.index = start;
      raw.push(scanner.raw());
    }
  });
  services.extensions = extensions;
  services.raw = raw;
  return services;
}
