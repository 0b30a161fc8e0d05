/** An object with connections to DynamoDB. */
export interface Closeable {
  /**
   * Closes the connections to DynamoDB at once. Otherwise an idle connection stays open for a minute, but does not keep the
   * process alive. Running requests are aborted. A later request opens connections again.
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
