/** An object with connections to DynamoDB. */
export interface Closeable {
  /**
   * Closes the connections to DynamoDB at once, and aborts running requests. A later request opens connections again.
   * Without this call, an idle connection stays open for a minute, but does not keep the process alive.
   *
   * A `client` or `requestHandler` of the application stays open.
   *
   * @example
   * ```ts
   * afterAll(() => store.close())
   * ```
   */
  close(): Promise<void>
  /**
   * Calls {@link close} at the end of a block.
   *
   * @example
   * ```ts
   * await using store = new DynamoSessionStore()
   * await store.destroyBy('user_id', 42)
   * ```
   */
  [Symbol.asyncDispose](): Promise<void>
}
