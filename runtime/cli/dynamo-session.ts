#!/usr/bin/env node
import { outliveReader } from './command.js'
import { createProgram } from './program.js'
import { silenceNodeWarning } from './sdk-warning.js'

outliveReader()
silenceNodeWarning()
createProgram().parseAsync()
