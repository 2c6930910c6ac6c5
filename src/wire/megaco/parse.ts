import type { ParseError } from '../parsed.js';
import type {
  Action,
  Command,
  ContextId,
  Descriptor,
  ErrorDescriptor,
  MegacoMessage,
  Transaction,
} from './message.js';
import { readDescriptor, readError } from './parse-descriptors.js';
import { Refusal, Scanner } from './scanner.js';
import * as tokens from './tokens.js';

/** Why a text is no megaco message, with what an answer needs. */
export interface MegacoParseError extends ParseError {
  /** The error code owed (H.248.8): 400 in the header, 403 in a transaction, 422 in an action, 442 in a command, 448. */
  readonly code: number;
  /** The transaction in which it happened; absent where a message error is owed, or none (in a reply). */
  readonly transactionId?: number;
  /** The context in which it happened. */
  readonly context?: ContextId;
}

/** A {@link Parsed} message whose error says what to answer. */
export type ParsedMegaco =
  | { readonly ok: true; readonly value: MegacoMessage }
  | { readonly ok: false; readonly error: MegacoParseError };

/**
 * Reads a message in the text encoding (H.248.1 Annex B), long and short tokens, in any case, with comments. What is not
 * known inside a message stays text. {@link validateMegaco} judges.
 *
 * @param text the message; bytes are taken as UTF-8
 * @returns the message, or an error with its byte offset and the error code owed
 */
export function parseMegaco(text: string | Uint8Array): ParsedMegaco {
  const source = typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
  const reader = new MessageReader(source);
  try {
    return { ok: true, value: reader.read() };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const offset = new TextEncoder().encode(source.slice(0, refusal.index)).length;
    const { transactionId, context } = reader;
    return {
      ok: false,
      error: {
        what: refusal.what,
        offset,
        ...(refusal.expected === undefined ? {} : { expected: refusal.expected }),
        code: refusal.code ?? reader.level,
        ...(transactionId === undefined ? {} : { transactionId }),
        ...(context === undefined ? {} : { context }),
      },
    };
  }
}

const UINT32 = 0xffffffff;

class MessageReader {
  /** The error code for a syntax error at the level being read. */
  level = 400;
  transactionId: number | undefined;
  context: ContextId | undefined;
  private readonly scanner: Scanner;

  constructor(source: string) {
    this.scanner = new Scanner(source);
  }

  read(): MegacoMessage {
    const { scanner } = this;
    const start = scanner.start();
    let word = scanner.word('MEGACO/version');
    let authentication: string | undefined;
    if (/^(authentication|au)$/i.test(word)) {
      scanner.expect('=', 'Authentication');
      const from = scanner.start();
      for (let part = 0; part < 3; part += 1) {
        if (part > 0) scanner.expect(':', 'the authentication header');
        scanner.word('hexadecimal digits');
      }
      authentication = scanner.text.slice(from, scanner.index);
      scanner.skip();
      word = scanner.word('MEGACO/version');
    }
    const version = /^(?:megaco|!)\/(\d{1,2})$/i.exec(word)?.[1];
    if (version === undefined) throw new Refusal('not a megaco message', start, 'MEGACO/version');
    const mid = scanner.mid('a message identifier');
    const transactions: Transaction[] = [];
    let error: ErrorDescriptor | undefined;
    while (scanner.skip() !== '') {
      this.level = 400;
      this.transactionId = undefined;
      const transaction = this.readTransaction(transactions.length === 0 && error === undefined);
      if (transaction.kind === 'Error') error = transaction;
      else if (error === undefined) transactions.push(transaction);
      else scanner.refuse('text after the message error', 'the end');
    }
    if (error === undefined && transactions.length === 0) scanner.refuse('no transaction', 'a transaction');
    return {
      version: Number(version),
      mid,
      transactions,
      ...(error === undefined ? {} : { error }),
      ...(authentication === undefined ? {} : { authentication }),
    };
  }

  private readTransaction(first: boolean): Transaction | ErrorDescriptor {
    const { scanner } = this;
    const start = scanner.index;
    const token = tokens.transactionToken(scanner.word('a transaction'));
    if (token === undefined || (token === 'Error' && !first)) {
      throw new Refusal(
        'unknown transaction',
        start,
        'Transaction, Reply, Pending or TransactionResponseAck',
      );
    }
    if (token === 'Error') return readError(scanner);
    this.level = 403;
    if (token === 'TransactionResponseAck') return this.readAck();
    scanner.expect('=', token);
    const id = scanner.number(UINT32, 'a transaction id');
    // Only a request is answered, also with an error.
    if (token === 'Transaction') this.transactionId = id;
    if (token === 'Pending') {
      scanner.expect('{', 'the transaction id');
      scanner.expect('}', 'the transaction id');
      return { kind: 'Pending', id };
    }
    const actions: Action[] = [];
    let error: ErrorDescriptor | undefined;
    let immAckRequired = false;
    scanner.expect('{', 'the transaction id');
    scanner.rest(token, () => {
      this.level = 403;
      this.context = undefined;
      const at = scanner.start();
      const word = scanner.word('Context');
      if (tokens.contextToken(word) !== undefined) actions.push(this.readAction());
      else if (token === 'Reply' && tokens.errorToken(word) !== undefined) error = readError(scanner);
      else if (token === 'Reply' && tokens.immAckToken(word) !== undefined) immAckRequired = true;
      else throw new Refusal(`unknown item ${word}`, at, 'Context');
      this.level = 403;
      this.context = undefined;
    });
    if (token === 'Transaction') return { kind: token, id, actions };
    return {
      kind: token,
      id,
      actions,
      ...(error === undefined ? {} : { error }),
      ...(immAckRequired ? { immAckRequired: true } : {}),
    };
  }

  private readAck(): Transaction {
    const { scanner } = this;
    const ranges: { first: number; last: number }[] = [];
    scanner.expect('{', 'TransactionResponseAck');
    scanner.rest('TransactionResponseAck', () => {
      const at = scanner.start();
      const word = scanner.word('transaction ids');
      const [, first, last = first] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(word) ?? [];
      if (first === undefined || Math.max(Number(first), Number(last)) > UINT32) {
        throw new Refusal(`${word} is no range of transaction ids`, at, 'id or id-id');
      }
      ranges.push({ first: Number(first), last: Number(last) });
    });
    return { kind: 'TransactionResponseAck', ranges };
  }

  private readAction(): Action {
    const { scanner } = this;
    this.level = 422;
    scanner.expect('=', 'Context');
    const context = this.readContextId();
    this.context = context;
    const contextItems: string[] = [];
    const commands: Command[] = [];
    let priority: number | undefined;
    let emergency: boolean | undefined;
    let error: ErrorDescriptor | undefined;
    // H.248.1 version 3 lets a reply be the context alone.
    if (scanner.skip() === '{') {
      scanner.list('Context', () => {
        this.level = 422;
        const start = scanner.start();
        const word = scanner.word('a command');
        const command = this.readCommandName(word);
        const item = command === undefined ? tokens.contextItemToken(word) : undefined;
        if (command !== undefined) {
          commands.push(this.readCommand(command));
        } else if (item === 'Error') {
          error = readError(scanner);
        } else if (item === 'Priority' && scanner.take('=')) {
          priority = scanner.number(0xffff, 'a priority');
        } else if (item === 'Emergency' || item === 'EmergencyOff') {
          emergency = item === 'Emergency';
        } else {
          scanner.index = start;
          contextItems.push(scanner.raw());
        }
        this.level = 422;
      });
    }
    return {
      context,
      ...(priority === undefined ? {} : { priority }),
      ...(emergency === undefined ? {} : { emergency }),
      contextItems,
      commands,
      ...(error === undefined ? {} : { error }),
    };
  }

  private readContextId(): ContextId {
    const { scanner } = this;
    const char = scanner.skip();
    if (char !== '$' && char !== '*' && char !== '-') return scanner.number(UINT32, 'a context id');
    scanner.take(char);
    return char;
  }

  private readCommandName(word: string): Pick<Command, 'name' | 'optional' | 'wildcardReply'> | undefined {
    const [, optional, wildcard, rest] = /^(O-)?(W-)?(.+)$/i.exec(word) ?? [];
    const name = tokens.commandToken(rest ?? '');
    if (name === undefined) return undefined;
    return {
      name,
      ...(optional === undefined ? {} : { optional: true }),
      ...(wildcard === undefined ? {} : { wildcardReply: true }),
    };
  }

  private readCommand(head: Pick<Command, 'name' | 'optional' | 'wildcardReply'>): Command {
    const { scanner } = this;
    this.level = 442;
    scanner.expect('=', head.name);
    const terminationId = this.readTerminationId();
    const descriptors: Descriptor[] = [];
    if (scanner.skip() === '{') scanner.list(head.name, () => descriptors.push(readDescriptor(scanner)));
    return { ...head, terminationId, descriptors };
  }

  private readTerminationId(): string {
    const { scanner } = this;
    if (!scanner.take('[')) return scanner.word('a termination id');
    const list: string[] = [];
    do list.push(scanner.word('a termination id'));
    while (scanner.take(','));
    scanner.expect(']', 'the termination ids');
    return `[${list.join(', ')}]`;
  }
}
