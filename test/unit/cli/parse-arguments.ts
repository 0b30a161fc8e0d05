import type { Command } from 'commander'

/** Parses as the executable does, but collects the output, and returns the exit code where that would end the process. */
export async function parseArguments(
  program: Command,
  args: readonly string[],
): Promise<{ code: number; out: string; err: string }> {
  const output = { out: '', err: '' }
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        output.out += text
      },
      writeErr: (text) => {
        output.err += text
      },
    })
  }
  try {
    await program.parseAsync(['node', program.name(), ...args])
  } catch (error) {
    return { code: (error as { exitCode: number }).exitCode, ...output }
  }
  throw new Error('the program ran a command instead of ending')
}
