/** What session descriptions say about an address and port. */
export interface MediaUse {
  /** `audio`, `video`, `application` and so on. */
  readonly media: string;
  /** Whether the profile is a secure one, `RTP/SAVP` or `RTP/SAVPF` (RFC 3711, RFC 5124). */
  readonly secure: boolean;
}

/**
 * Which medium flows to which address and port, by the session descriptions inside messages: the only place in a
 * trace that tells audio with a dynamic payload type from video.
 */
export class MediaIndex {
  readonly #uses = new Map<string, MediaUse>();

  /** Reads the `m=`, `c=` and `a=candidate` lines of a message that carries SDP (RFC 8866 5, RFC 8839 5.1). */
  learn(text: string): void {
    let line = text.indexOf('\nm=');
    if (line < 0) return;
    let sessionIp = '';
    const session = text.lastIndexOf('\nc=', line);
    if (session >= 0) sessionIp = connectionAddress(lineAt(text, session + 1));
    let use: MediaUse = { media: '', secure: false };
    let port = '';
    for (; line >= 0; line = text.indexOf('\n', line + 1)) {
      const content = lineAt(text, line + 1);
      if (content.startsWith('m=')) {
        const [media = '', ports = '', profile = ''] = content.slice(2).split(' ');
        use = { media, secure: profile.includes('SAVP') };
        port = ports.split('/')[0] ?? '';
        this.#add(sessionIp, port, use);
      } else if (content.startsWith('c=')) {
        this.#add(connectionAddress(content), port, use);
      } else if (content.startsWith('a=candidate:')) {
        const fields = content.split(' ');
        this.#add(fields[4] ?? '', fields[5] ?? '', use);
      }
    }
  }

  /** What flows to or from an address, if a session description named it. */
  find(ip: string, port: number): MediaUse | undefined {
    return this.#uses.get(`${ip} ${port}`);
  }

  #add(ip: string, port: string, use: MediaUse): void {
    // Port 0 marks a rejected or disabled stream (RFC 3264 6), 9 one whose address is still to come (RFC 8840 4.1.1).
    if (ip !== '' && port !== '0' && port !== '9') this.#uses.set(`${ip} ${port}`, use);
  }
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? undefined : end).trimEnd();
}

/** `c=IN IP4 192.0.2.1/127`: the address without its scope. */
function connectionAddress(line: string): string {
  return line.split(' ')[2]?.split('/')[0] ?? '';
}
