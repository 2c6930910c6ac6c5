import type {
  Action,
  Command,
  Descriptor,
  ErrorDescriptor,
  EventItem,
  LocalControl,
  MediaDescriptor,
  MegacoMessage,
  ObservedEvent,
  ServicesDescriptor,
  Statistic,
  StreamDescriptor,
  TerminationState,
  Transaction,
} from './message.js';
import { quote, writeProperty } from './properties.js';

const EOL = '\r\n';
const STEP = '  ';

/**
 * Writes a message in the text encoding (H.248.1 Annex B) with long tokens, one item a line, and `}` in session
 * descriptions escaped.
 */
export function serializeMegaco(message: MegacoMessage): string {
  const authentication =
    message.authentication === undefined ? '' : `Authentication = ${message.authentication}${EOL}`;
  const head = `${authentication}MEGACO/${message.version} ${message.mid}${EOL}`;
  if (message.error !== undefined) return `${head}${writeError(message.error)}${EOL}`;
  return head + message.transactions.map((transaction) => writeTransaction(transaction) + EOL).join('');
}

/** `head { a, b }` on lines of their own; without items `empty`. */
function block(head: string, items: readonly string[], indent: string, empty = `${head} { }`): string {
  if (items.length === 0) return empty;
  const inner = indent + STEP;
  return `${head} {${EOL}${inner}${items.join(`,${EOL}${inner}`)}${EOL}${indent}}`;
}

/** `head { a, b }` on one line. */
function line(head: string, items: readonly string[]): string {
  return items.length === 0 ? `${head} { }` : `${head} { ${items.join(', ')} }`;
}

function writeTransaction(transaction: Transaction): string {
  switch (transaction.kind) {
    case 'Pending':
      return `Pending = ${transaction.id} { }`;
    case 'TransactionResponseAck':
      return line(
        'TransactionResponseAck',
        transaction.ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)),
      );
    case 'Transaction':
      return block(`Transaction = ${transaction.id}`, writeActions(transaction.actions), '');
    case 'Reply': {
      const items = writeActions(transaction.actions);
      if (transaction.error !== undefined) items.push(writeError(transaction.error));
      if (transaction.immAckRequired === true) items.unshift('ImmAckRequired');
      return block(`Reply = ${transaction.id}`, items, '');
    }
  }
}

function writeActions(actions: readonly Action[]): string[] {
  return actions.map((action) => {
    const items: string[] = [];
    if (action.priority !== undefined) items.push(`Priority = ${action.priority}`);
    if (action.emergency !== undefined) items.push(action.emergency ? 'Emergency' : 'EmergencyOff');
    items.push(...action.contextItems);
    for (const command of action.commands) items.push(writeCommand(command, STEP + STEP));
    if (action.error !== undefined) items.push(writeError(action.error));
    const head = `Context = ${action.context}`;
    return block(head, items, STEP, head);
  });
}

function writeCommand(command: Command, indent: string): string {
  const prefix = `${command.optional === true ? 'O-' : ''}${command.wildcardReply === true ? 'W-' : ''}`;
  const head = `${prefix}${command.name} = ${command.terminationId}`;
  const items = command.descriptors.map((descriptor) => writeDescriptor(descriptor, indent + STEP));
  return block(head, items, indent, head);
}

function writeDescriptor(descriptor: Descriptor, indent: string): string {
  switch (descriptor.kind) {
    case 'Media':
      return writeMedia(descriptor, indent);
    case 'Events': {
      if (descriptor.requestId === undefined) return 'Events';
      return line(`Events = ${descriptor.requestId}`, descriptor.events.map(writeEventItem));
    }
    case 'ObservedEvents':
      return line(`ObservedEvents = ${descriptor.requestId}`, descriptor.events.map(writeObservedEvent));
    case 'Signals':
      return line('Signals', [...descriptor.signals.map(writeEventItem), ...descriptor.raw]);
    case 'Audit':
      return line('Audit', descriptor.items);
    case 'Services':
      return writeServices(descriptor);
    case 'Statistics':
      return writeStatistics(descriptor.statistics);
    case 'Packages':
      return line('Packages', descriptor.packages);
    case 'Error':
      return writeError(descriptor);
    case 'Raw':
      return descriptor.text;
  }
}

function writeError(error: ErrorDescriptor): string {
  return line(`Error = ${error.code}`, error.text === undefined ? [] : [quote(error.text)]);
}

function writeMedia(media: MediaDescriptor, indent: string): string {
  const inner = indent + STEP;
  const items: string[] = [];
  if (media.terminationState !== undefined) items.push(writeTerminationState(media.terminationState));
  for (const stream of media.streams) {
    if (stream.id === undefined) items.push(...writeStream(stream));
    else items.push(block(`Stream = ${stream.id}`, writeStream(stream), inner));
  }
  return block('Media', [...items, ...media.raw], indent);
}

function writeStream(stream: StreamDescriptor): string[] {
  const items: string[] = [];
  if (stream.localControl !== undefined) items.push(writeLocalControl(stream.localControl));
  if (stream.local !== undefined) items.push(writeOctets('Local', stream.local));
  if (stream.remote !== undefined) items.push(writeOctets('Remote', stream.remote));
  if (stream.statistics !== undefined) items.push(writeStatistics(stream.statistics));
  items.push(...stream.raw);
  return items;
}

/** SDP and the brace behind it stand at the margin: white space there may be taken for a line of it (H.248.1 B.2). */
function writeOctets(name: string, text: string): string {
  const body = text.trim();
  if (body === '') return `${name} { }`;
  return `${name} {${EOL}${body.replaceAll('}', '\\}')}${EOL}}`;
}

function writeLocalControl(control: LocalControl): string {
  const items: string[] = [];
  if (control.mode !== undefined) items.push(`Mode = ${control.mode}`);
  if (control.reservedValue !== undefined)
    items.push(`ReservedValue = ${control.reservedValue ? 'ON' : 'OFF'}`);
  if (control.reservedGroup !== undefined)
    items.push(`ReservedGroup = ${control.reservedGroup ? 'ON' : 'OFF'}`);
  return line('LocalControl', [...items, ...control.properties.map(writeProperty)]);
}

function writeTerminationState(state: TerminationState): string {
  const items: string[] = [];
  if (state.serviceStates !== undefined) items.push(`ServiceStates = ${state.serviceStates}`);
  if (state.eventBufferControl !== undefined) items.push(`Buffer = ${state.eventBufferControl}`);
  return line('TerminationState', [...items, ...state.properties.map(writeProperty)]);
}

function writeStatistics(statistics: readonly Statistic[]): string {
  return line(
    'Statistics',
    statistics.map(({ name, value }) => (value === undefined ? name : `${name} = ${value}`)),
  );
}

function writeEventItem(item: EventItem): string {
  const items = item.stream === undefined ? [] : [`Stream = ${item.stream}`];
  items.push(...item.parameters.map(writeProperty), ...item.raw);
  return items.length === 0 ? item.name : line(item.name, items);
}

function writeObservedEvent(event: ObservedEvent): string {
  return event.time === undefined ? writeEventItem(event) : `${event.time}:${writeEventItem(event)}`;
}

function writeServices(services: ServicesDescriptor): string {
  const items: string[] = [];
  const put = (name: string, value: string | number | undefined) => {
    if (value !== undefined) items.push(`${name} = ${value}`);
  };
  put('Method', services.method);
  put('Reason', services.reason === undefined ? undefined : quote(services.reason));
  put('Delay', services.delay);
  put('ServiceChangeAddress', services.address);
  put('Profile', services.profile);
  put('Version', services.version);
  put('MgcIdToTry', services.mgcIdToTry);
  if (services.timestamp !== undefined) items.push(services.timestamp);
  return line('Services', [...items, ...services.extensions.map(writeProperty), ...services.raw]);
}
