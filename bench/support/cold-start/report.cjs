// Required before the program of a process that is measured: what the whole process took, until it exits.
const { writeSync } = require('node:fs')

process.once('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  writeSync(1, JSON.stringify({ cpu: userCPUTime + systemCPUTime, maxRSS }))
})
