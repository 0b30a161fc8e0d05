export type { SessionChange, SessionConflict, SessionEvents } from './adapters/shared/session-events.js'
export { type CleaningSummary, collectGarbage } from './cleaning/collect-garbage.js'
export type { CleaningContext, CleaningProgress } from './cleaning/settings.js'
export type {
  ClientDescription,
  Conflict,
  DescribeClient,
  ErrorContext,
  ErrorHandler,
  OnConflict,
  OptionName,
  Options,
} from './configuration/options.js'
export { type Configuration, resolveConfiguration } from './configuration/resolve.js'
export {
  ConfigurationError,
  DestroyIncompleteError,
  DynamoSessionError,
  EncryptionKeyError,
  IndexMissingError,
  InvalidSessionIdError,
  LockLostError,
  LockWaitTimeoutError,
  MissingSecretKeyError,
  type Problem,
  RequestTimeoutError,
  SessionConflictError,
  SessionDataError,
  SessionTooLargeError,
  SessionUnreadError,
  TableMissingError,
  TableRequestError,
  TableSchemaError,
  UnreadableAnswerError,
  WrongClockError,
} from './errors.js'
export type { Logger } from './logger.js'
export type { IndexSearch, IndexValue, SessionSearch, UserSessionsSearch } from './session/session-search.js'
export type { ExportedSession, SessionFacts, UserSession } from './session/user-session.js'
export type { SettingComparison, SettingValue } from './table/compare-table.js'
export { type CreateTableResult, createTable } from './table/create-table.js'
export { deleteTable } from './table/delete-table.js'
export { describeTable, type TableDescription } from './table/describe-table.js'
export { type DeleteIndexResult, deleteIndex } from './table/table-indexes.js'
export type { TableContext } from './table/table-work.js'
export { type UpdateTableContext, type UpdateTableResult, updateTable } from './table/update-table.js'
