#!/usr/bin/env node
import { createProgram } from './program.js'

// `dynamo-session config | head` closes the pipe early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

createProgram().parseAsync()
