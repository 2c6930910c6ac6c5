import { Command, CommanderError } from 'commander';
import { coverage, list, model, type Output, type RunCommandOptions, run, show } from './commands.js';
import { UsageError } from './usage-error.js';

const EXAMPLES = `
Examples:
  $ imslab list
  $ imslab run call/wic-to-ims-ue
  $ imslab run registration/web-authentication --format svg,pcapng --out out
  $ imslab run call/wic-to-ims-ue --format pcapng --keylog --out out
  $ imslab run call/wic-to-ims-ue --seed 7 --fault 'ue>p-cscf#3=drop'
  $ imslab run call/wic-to-ims-ue --set wic.bearerProfile=rfc8898 --set wic.offer=@offer.sdp
  $ imslab show 24371-6.4.2-04
  $ imslab model ep-cscf
  $ imslab coverage --clause 7.4

Exit status: 0 all well, 1 an expectation did not hold, 2 the command was not understood.`;

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

/** The `imslab` command. Each action leaves its exit status in `done`. */
export function makeProgram(output: Output, version: string, done: (status: number) => void): Command {
  const program = new Command('imslab');
  program
    .description(
      '3GPP TS 24.371 (WebRTC access to IMS), executed: run call flows, see diagrams and captures, trace clauses',
    )
    .version(version)
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: (text) => output.write(text) });
  program
    .command('list')
    .description('list the scenarios')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => done(list(output, options)));
  program
    .command('run')
    .description('run a scenario and show its sequence diagram')
    .argument('<scenario>', 'name, as in imslab list')
    .option('--seed <number>', 'seed of all random numbers', '1')
    .option('--tape <tape>', 'choices: numbers (0,0,1), entries (wic>ep-cscf#3=drop,...) or @file')
    .option('--fault <entry>', 'one choice, such as ue>p-cscf#3=drop; repeatable', collect, [])
    .option('--set <entity.option=value>', 'an option of an entity, value or @file; repeatable', collect, [])
    .option('--format <list>', 'text, mermaid, svg, pcapng, ndjson, separated by commas', 'text')
    .option('--out <dir>', 'folder for the files')
    .option('--keylog', 'write the secrets of DTLS to the folder, as an NSS key log')
    .option('--settling', 'show the messages after the end of the script, too')
    .option('--states', 'show changes of state in the text')
    .option('--hash', 'print the hash of the trace only')
    .option('--json', 'print the outcome as JSON')
    .action((name: string, options: RunCommandOptions) => done(run(output, name, options)));
  program
    .command('show')
    .description('show a requirement and the scenarios that exercise it')
    .argument('<requirement>', 'id, such as 24371-6.4.2-04')
    .option('--json', 'as JSON')
    .action((id: string, options: { json?: boolean }) => done(show(output, id, options)));
  program
    .command('model')
    .description("print an entity's statecharts as Mermaid")
    .argument('<entity>', 'name, such as ep-cscf')
    .action((entity: string) => done(model(output, entity)));
  program
    .command('coverage')
    .description('run all scenarios and list which requirements they exercise')
    .option('--clause <number>', 'only a clause and those below it')
    .option('--missing', 'only requirements that no scenario exercises')
    .option('--json', 'as JSON')
    .action((options: { clause?: string; missing?: boolean; json?: boolean }) =>
      done(coverage(output, options)),
    );
  return program;
}

/**
 * Runs the command.
 *
 * @param args what follows the name of the command
 * @param complain takes the text of a usage error
 * @returns the exit status: 0 fine, 1 a violation, 2 a usage error
 */
export function execute(
  args: readonly string[],
  output: Output,
  version: string,
  complain: (text: string) => void,
): number {
  let status = 0;
  const program = makeProgram(output, version, (code) => {
    status = code;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: (text) => output.write(text), writeErr: complain });
  }
  if (args.length === 0) {
    complain(`${program.helpInformation()}${EXAMPLES}\n`);
    return 2;
  }
  try {
    program.parse(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    complain(`imslab: ${error.message}\n  ${error.hint}\n`);
    return 2;
  }
}
