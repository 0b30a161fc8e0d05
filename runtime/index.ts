export type { ErrorContext, ErrorHandler, OptionName, Options } from './configuration/options.js'
export { type Configuration, resolveConfiguration } from './configuration/resolve.js'
export {
  ConfigurationError,
  InvalidSessionIdError,
  type Problem,
  SessionDataError,
  SessionTooLargeError,
  SessionUnreadError,
  TableMissingError,
  TableRequestError,
  TableSchemaError,
} from './errors.js'
export type { Logger } from './logger.js'
