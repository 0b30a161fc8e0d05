#!/usr/bin/env node
import { createProgram } from './program.js'
import { outliveReader } from './shared.js'

outliveReader()
createProgram().parseAsync()
