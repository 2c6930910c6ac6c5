/** Something the user got wrong: printed with its hint, exit status 2. */
export class UsageError extends Error {
  readonly hint: string;

  /**
   * @param message what is wrong
   * @param hint what to do instead
   */
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
