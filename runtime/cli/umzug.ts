#!/usr/bin/env node
import { outliveReader } from './command.js'
import { silenceNodeWarning } from './sdk-warning.js'
import { createUmzugProgram } from './umzug-program.js'

outliveReader()
silenceNodeWarning()
const program = createUmzugProgram()
const args = process.argv.slice(2)
const { operands, unknown } = program.parseOptions(args)
const hasCommand = operands.length > 0 || unknown.length > 0
// Without a command, commander prints the help as an error. umzug's own command line ends with code 0.
program.parseAsync(hasCommand ? args : ['--help'], { from: 'user' })
