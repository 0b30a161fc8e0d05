import type { Logger } from '../../runtime/logger.js'

/** A logger that keeps what it is told. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly string[]
  readonly warnings: readonly string[]
}

export function recordingLogger(): RecordingLogger {
  const lines: string[] = []
  const warnings: string[] = []
  return { lines, warnings, info: (line) => void lines.push(line), warn: (line) => void warnings.push(line) }
}
