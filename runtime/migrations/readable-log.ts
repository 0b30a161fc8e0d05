import type { UmzugOptions } from 'umzug'
import { fitForLine } from '../fit-for-output.js'
import type { Logger } from '../logger.js'

type UmzugLogger = NonNullable<UmzugOptions['logger']>

/** Turns the objects that umzug logs into lines. `logger` is called for each line, because the logger may change. */
export function readableLog(logger: () => Logger): UmzugLogger {
  const info = (message: Record<string, unknown>) => {
    const line = lineOf(message)
    if (line !== undefined) logger().info(line)
  }
  const warn = (message: Record<string, unknown>) => logger().warn(lineOf(message) ?? JSON.stringify(message))
  return { info, debug: info, warn, error: warn }
}

function lineOf({ event, name, durationSeconds, message }: Record<string, unknown>): string | undefined {
  switch (event) {
    case 'migrating':
    case 'reverting':
      return `${event} ${fitForLine(name)}`
    case 'migrated':
    case 'reverted':
      return `${event} ${fitForLine(name)} (${Number(durationSeconds).toFixed(2)} s)`
    case 'up':
    case 'down':
      // SessionUmzug itself logs the number of migrations.
      return undefined
    default:
      return typeof message === 'string' ? fitForLine(message) : undefined
  }
}
