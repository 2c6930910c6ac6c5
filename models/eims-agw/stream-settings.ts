import {
  PROPERTY,
  type Property,
  property,
  propertyText,
  type StreamMode,
} from '../../src/wire/megaco/index.js';
import { type AddressFilter, addressFilter } from './address-filter.js';
import { CommandError } from './command-error.js';
import type { Rate } from './token-bucket.js';

/** How media find their way back where they do not come from where the description says (H.248.37). */
export type Latching = 'OFF' | 'LATCH' | 'RELATCH';

/** What LocalControl and signals have set of a stream. */
export interface StreamSettings {
  readonly mode: StreamMode;
  /** Remote source filtering by address (gm/saf), to these in place of the far end's (gm/sam). */
  readonly filtersAddress: boolean;
  readonly addresses?: AddressFilter;
  /** Remote source filtering by port (gm/spf), to this range in place of the far end's (gm/spr). */
  readonly filtersPort: boolean;
  readonly ports?: { readonly low: number; readonly high: number };
  /** Whether there is RTCP (gm/rsb). */
  readonly rtcp: boolean;
  readonly policing: boolean;
  readonly sustainableRate?: number;
  readonly peakRate?: number;
  readonly burstSize?: number;
}

/** A stream of which nothing was set: closed, without filters. */
export const initialSettings: StreamSettings = {
  mode: 'Inactive',
  filtersAddress: false,
  filtersPort: false,
  rtcp: true,
  policing: false,
};

/** The largest IP packet of the links there are: without a burst size, one has to fit. */
const DEFAULT_BURST_BYTES = 1500;

type Setter = (settings: Writable, name: string, properties: readonly Property[]) => void;
type Writable = { -readonly [K in keyof StreamSettings]: StreamSettings[K] };

const setters: Readonly<Record<string, Setter>> = {
  [PROPERTY.realm]: () => {},
  [PROPERTY.sourceAddressFilter]: (settings, name, properties) => {
    settings.filtersAddress = onOff(name, properties);
  },
  [PROPERTY.sourcePortFilter]: (settings, name, properties) => {
    settings.filtersPort = onOff(name, properties);
  },
  [PROPERTY.rtcp]: (settings, name, properties) => {
    settings.rtcp = onOff(name, properties);
  },
  [PROPERTY.policing]: (settings, name, properties) => {
    settings.policing = onOff(name, properties);
  },
  [PROPERTY.sourceAddressMask]: (settings, name, properties) => {
    const filter = addressFilter(propertyText(properties, name) ?? '');
    if (filter === undefined) throw new CommandError(449, `${name} is no address and length`);
    settings.addresses = filter;
  },
  [PROPERTY.sourcePortRange]: (settings, name, properties) => {
    settings.ports = portRange(name, properties);
  },
  [PROPERTY.sustainableRate]: (settings, name, properties) => {
    settings.sustainableRate = whole(name, properties);
  },
  [PROPERTY.peakRate]: (settings, name, properties) => {
    settings.peakRate = whole(name, properties);
  },
  [PROPERTY.burstSize]: (settings, name, properties) => {
    settings.burstSize = whole(name, properties);
  },
};

const knownPackages = new Set(Object.keys(setters).map(packageOf));

/**
 * The settings with some properties changed.
 *
 * @throws CommandError 440, 445, 449
 */
export function withProperties(settings: StreamSettings, properties: readonly Property[]): StreamSettings {
  if (properties.length === 0) return settings;
  const changed: Writable = { ...settings };
  for (const { name } of properties) {
    const known = setters[name.toLowerCase()];
    if (known === undefined) throw new CommandError(knownPackages.has(packageOf(name)) ? 445 : 440, name);
    known(changed, name, properties);
  }
  return changed;
}

/** The rates to hold, the sustainable and the peak one (H.248.53). */
export function ratesOf({ policing, sustainableRate, peakRate, burstSize }: StreamSettings): Rate[] {
  if (!policing) return [];
  const burstBytes = Math.max(burstSize ?? 0, DEFAULT_BURST_BYTES);
  const rates: Rate[] = [];
  if (sustainableRate !== undefined) rates.push({ bytesPerS: sustainableRate, burstBytes });
  // what comes at the peak rate has no burst but a packet
  if (peakRate !== undefined) rates.push({ bytesPerS: peakRate, burstBytes: DEFAULT_BURST_BYTES });
  return rates;
}

function packageOf(name: string): string {
  return (name.split('/')[0] ?? '').toLowerCase();
}

function onOff(name: string, properties: readonly Property[]): boolean {
  const text = propertyText(properties, name)?.toLowerCase();
  if (text !== 'on' && text !== 'off') throw new CommandError(449, `${name} is neither ON nor OFF`);
  return text === 'on';
}

function whole(name: string, properties: readonly Property[]): number {
  const text = propertyText(properties, name) ?? '';
  if (!/^\d{1,10}$/.test(text)) throw new CommandError(449, `${name} is no number of bytes`);
  return Number(text);
}

function portRange(name: string, properties: readonly Property[]): { low: number; high: number } {
  const value = property(properties, name);
  const words =
    typeof value === 'object' && value.kind === 'range'
      ? [value.low, value.high]
      : (propertyText(properties, name) ?? '').split('-');
  const [low, high = low] = words.map((word) => (/^\d{1,5}$/.test(word) ? Number(word) : 65_536));
  if (low === undefined || high === undefined || high > 65_535 || low > high) {
    throw new CommandError(449, `${name} is no range of ports`);
  }
  return { low, high };
}
