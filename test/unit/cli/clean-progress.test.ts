import { describe, expect, it } from 'vitest'
import { progressText, summaryLines } from '../../../runtime/cli/clean-progress.js'

const progress = { scanned: 12_000, dead: 900, deleted: 800, kept: 11_100, capacityUnits: 1800.5, seconds: 60 }
const summary = { ...progress, dryRun: false, complete: true, stopped: undefined }

describe('progress', () => {
  it('shows scanned, deleted, kept, speed and, from the item count, the ETA', () => {
    const text = '12,000/~50,000 scanned, 800 deleted, 11,100 kept, 200/s, ETA 3m10s'
    expect(progressText(progress, 50_000)).toBe(text)
    expect(text.length + 15).toBeLessThan(82)
  })

  it('has no ETA without an item count, and never a negative one when the count is too low', () => {
    expect(progressText(progress, undefined)).toBe('12,000 scanned, 800 deleted, 11,100 kept, 200/s')
    expect(progressText(progress, 10)).toContain('12,000/~12,000 scanned')
    expect(progressText(progress, 10)).toContain('ETA 0s')
    expect(progressText({ ...progress, scanned: 0, seconds: 0 }, 10)).not.toContain('ETA')
  })
})

describe('the summary', () => {
  it('is one line after a complete run', () => {
    expect(summaryLines(summary)).toEqual(['12,000 scanned, 800 deleted, 11,100 kept (1m00s, 1,800.5 capacity units)'])
  })

  it('says of a dry run what would be deleted', () => {
    expect(summaryLines({ ...summary, dryRun: true, deleted: 0 })[0]).toContain('dry run: 12,000 scanned, 900 would be')
  })

  it.each([
    ['maxItems', '--max-items is reached'],
    ['maxSeconds', '--max-seconds is reached'],
    ['signal', 'interrupted'],
  ] as const)('says why it ended early: %s', (stopped, why) => {
    const lines = summaryLines({ ...summary, complete: false, stopped })
    expect(lines[1]).toBe(`not finished: ${why}; run it again to go on`)
  })
})
