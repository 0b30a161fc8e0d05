import { collectGarbage } from '../../cleaning/collect-garbage.js'
import { expiryLimits } from '../../cleaning/is-expired.js'
import { type CleaningContext, checkSettings, SETTING_NAMES, type SettingName } from '../../cleaning/settings.js'
import { jsonForOutput } from '../../fit-for-output.js'
import { progressText, summaryLines } from '../clean-progress.js'
import { configurationOf, resultLogger, type SharedOptions, standardError } from '../command.js'
import { displayOf, type Screen } from '../progress-display.js'
import { printTarget } from '../target.js'
import { type TimeoutOptions, timeoutOf } from '../timeout.js'

/** Options of `clean`, as typed: numbers are texts. */
export interface CleanOptions extends SharedOptions, TimeoutOptions {
  readonly dryRun?: boolean
  readonly expireAtOnly?: boolean
  readonly trustClock?: boolean
  readonly segments?: string
  readonly rate?: string
  readonly maxItems?: string
  readonly maxSeconds?: string
  readonly json?: boolean
}

/** The exit codes that shells give to a program that the signal ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** `dynamo-session clean`. The bar is drawn on standard error, where it stays visible when output is redirected. */
export async function cleanCommand(
  options: CleanOptions,
  logger = resultLogger(options),
  screen: Screen = process.stderr,
  aside = options.json ? standardError : logger,
): Promise<void> {
  const settings = settingsOf(options)
  const configuration = await configurationOf(options, aside)
  await printTarget(configuration, aside)
  expiryLimits(configuration, settings.expireAtOnly ?? false)
  const display = await displayOf(progressText, configuration, aside, screen, settings)
  const interruption = onInterruption(() =>
    display.line('Stopping after the running requests. Press Ctrl-C again to quit now.'),
  )
  try {
    const summary = await collectGarbage(configuration, {
      ...settings,
      signal: interruption.signal,
      onProgress: display.show,
      logger: { info: display.line, warn: display.line },
    })
    display.end()
    if (options.json) logger.info(jsonForOutput({ ...summary, stopped: summary.stopped ?? null }))
    else for (const line of summaryLines(summary)) logger.info(line)
    if (interruption.received) process.exitCode = EXIT_CODES[interruption.received]
  } catch (error) {
    display.end({ failed: true })
    throw error
  } finally {
    interruption.dispose()
  }
}

/** @throws {ConfigurationError} for a value that the flag does not accept */
function settingsOf(options: CleanOptions): CleaningContext {
  const numbers = Object.fromEntries(SETTING_NAMES.map((name) => [name, numberOf(options[name])])) as Record<
    SettingName,
    number | undefined
  >
  checkSettings(numbers, flagOf)
  const { dryRun = false, expireAtOnly = false, trustClock = false } = options
  return { ...numbers, dryRun, expireAtOnly, trustClock, requestTimeout: timeoutOf(options) }
}

/** The text as a number. Any other text is returned as typed, for the error message. */
function numberOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

/** `maxItems` → `--max-items` */
function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** The first signal stops cleaning. At a second signal, Node ends the process at once. */
function onInterruption(announce: () => void) {
  const controller = new AbortController()
  let received: keyof typeof EXIT_CODES | undefined
  const stop = (signal: NodeJS.Signals) => {
    dispose()
    received = signal as keyof typeof EXIT_CODES
    controller.abort()
    announce()
  }
  const dispose = () => {
    for (const name of Object.keys(EXIT_CODES)) process.removeListener(name, stop)
  }
  for (const name of Object.keys(EXIT_CODES)) process.on(name, stop)
  return {
    signal: controller.signal,
    get received() {
      return received
    },
    dispose,
  }
}
