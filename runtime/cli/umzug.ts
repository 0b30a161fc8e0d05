#!/usr/bin/env node
import { outliveReader } from './command.js'
import { createUmzugProgram } from './umzug-program.js'

outliveReader()
const { argv } = process
// Without a command, commander prints the help as an error. umzug's own command line ends with code 0.
createUmzugProgram().parseAsync(argv.length > 2 ? argv : [...argv, '--help'])
