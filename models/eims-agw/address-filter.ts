/** Whether an address may send. */
export type AddressFilter = (ip: string) => boolean;

/**
 * The addresses that share their first bits with a given one (gm/sam).
 *
 * @param mask `192.0.2.0/24`, `2001:db8::/32`; a single address without `/bits`
 * @returns `undefined` when it is no such text
 */
export function addressFilter(mask: string): AddressFilter | undefined {
  const [address = '', length] = mask.split('/');
  const wanted = addressWords(address);
  if (wanted === undefined) return undefined;
  const all = wanted.length * 16;
  const bits = length === undefined ? all : Number(length);
  if (!Number.isInteger(bits) || bits < 0 || bits > all) return undefined;
  return (ip) => {
    if (ip === address) return true;
    const words = addressWords(ip);
    return words !== undefined && words.length === wanted.length && sharesPrefix(words, wanted, bits);
  };
}

function sharesPrefix(a: readonly number[], b: readonly number[], bits: number): boolean {
  for (let i = 0, left = bits; left > 0; i++, left -= 16) {
    const shift = Math.max(0, 16 - left);
    if ((a[i] as number) >> shift !== (b[i] as number) >> shift) return false;
  }
  return true;
}

/** An address as words of 16 bits: two for IPv4, eight for IPv6 (RFC 4291 2.2). */
function addressWords(ip: string): number[] | undefined {
  if (!ip.includes(':')) {
    const bytes = ip.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
    if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = bytes;
    return [(a << 8) | b, (c << 8) | d];
  }
  const halves = ip.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const written = [...head, ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...(tail ?? [])];
  if (written.some((word) => !/^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  return written.map((word) => Number.parseInt(word, 16));
}
