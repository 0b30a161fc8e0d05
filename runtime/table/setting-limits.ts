/** A limit that AWS documents. AWS changes its limits, so this package never enforces them. */
export interface DocumentedLimit {
  readonly text: string
  /** The page that documents the limit. */
  readonly source: string
}

const GUIDE = 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide'

/** The documented limits of the changes that AWS restricts, by option. Each text sums up its page. */
export const LIMITS = {
  billingMode: {
    text: 'AWS allows four switches to pay_per_request in 24 hours; the switch to provisioned is always possible',
    source: `${GUIDE}/bp-switching-capacity-modes.html`,
  },
  capacity: {
    text: 'AWS allows four decreases of a capacity in a day, and one more for each hour without a decrease',
    source: `${GUIDE}/ServiceQuotas.html`,
  },
  warmThroughput: {
    text: 'AWS charges once for the increase, and never lowers warm throughput',
    source: `${GUIDE}/warm-throughput.html`,
  },
  ttl: {
    text: 'a change of Time to Live may take an hour, and AWS allows no other change meanwhile',
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html',
  },
  kmsKeyId: {
    text: 'AWS allows four changes of the key in 24 hours, and one more after six hours without a change',
    source: `${GUIDE}/ServiceQuotas.html`,
  },
  tableClass: {
    text: 'AWS allows two changes of the table class in 30 days',
    source: `${GUIDE}/WorkingWithTables.tableclasses.html`,
  },
} as const satisfies Record<string, DocumentedLimit>
