import type { TableFacts } from './describe-table.js'
import type { TableWork } from './table-work.js'

/** Values of tags, by name. */
export type Tags = Readonly<Record<string, string>>

/** The tags of the table. AWS's own tags (`aws:…`) are left out: only AWS can set them. */
export async function findTags(work: TableWork, arn: string): Promise<Tags> {
  const tags: [string, string][] = []
  let next: string | undefined
  do {
    const page = await work.request('ListTagsOfResource', (client, sdk) =>
      client.send(new sdk.ListTagsOfResourceCommand({ ResourceArn: arn, NextToken: next })),
    )
    for (const { Key = '', Value = '' } of page.Tags ?? []) if (!/^aws:/i.test(Key)) tags.push([Key, Value])
    next = page.NextToken
  } while (next !== undefined)
  return Object.fromEntries(tags)
}

/** Sets these tags. Other tags stay. */
export async function setTags(work: TableWork, { arn }: TableFacts, tags: Tags): Promise<void> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  await work.whileInUse('TagResource', (client, sdk) =>
    client.send(new sdk.TagResourceCommand({ ResourceArn: arn, Tags })),
  )
}

/** Removes the tags of these names. */
export async function removeTags(work: TableWork, { arn }: TableFacts, names: readonly string[]): Promise<void> {
  await work.whileInUse('UntagResource', (client, sdk) =>
    client.send(new sdk.UntagResourceCommand({ ResourceArn: arn, TagKeys: [...names] })),
  )
}
