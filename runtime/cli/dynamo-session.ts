#!/usr/bin/env node
import { outliveReader } from './command.js'
import { createProgram } from './program.js'

outliveReader()
createProgram().parseAsync()
