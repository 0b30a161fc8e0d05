import { Retry } from '@smithy/core/retry'

/** The SDK repeats a request after up to 50 ms, a throttled one after a second, then ever later. */
Retry.delay = () => 2
Retry.throttlingDelay = () => 4
