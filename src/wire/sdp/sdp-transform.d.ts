declare module 'sdp-transform' {
  /** One way to read a line of a type: a pattern, and names for its groups. */
  export interface GrammarRule {
    readonly name?: string;
    readonly push?: string;
    readonly reg: RegExp;
    readonly names?: readonly string[];
  }
  export const grammar: Readonly<Record<string, readonly GrammarRule[]>>;
  export function parseParams(text: string): Record<string, string | number | undefined>;
}
