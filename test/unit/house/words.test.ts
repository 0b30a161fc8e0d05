import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { docsPages, ROOT } from '../../../scripts/docs/pages.js'

interface Retired {
  readonly word: RegExp
  readonly instead: string
  /** What is left alone: public names, and words of other programs. */
  readonly except?: RegExp
  /** The files in which the word has the retired meaning; not given: all. */
  readonly files?: RegExp
  /** Code on pages may have the word: it has names of options and flags. */
  readonly onlyInProse?: boolean
}

/**
 * Words that were given up, because another word stands for the same thing: docs/architecture.md, "Words". To give up
 * another one, add a line.
 */
const RETIRED: readonly Retired[] = [
  { word: /HeldSession/, instead: 'RequestSession' },
  { word: /keeper/i, instead: 'SessionStore' },
  { word: /\bisDead\b|\bdead (session|item)/i, instead: 'expired' },
  { word: /\b(session|it|which) (is|was) over\b|\bsessions (are|were) over\b/i, instead: 'expired' },
  { word: /\bgone\b/i, instead: 'deleted' },
  { word: /garbage/i, instead: 'expired sessions', except: /collect-?garbage|garbage collection/gi },
  { word: /verdict/i, instead: 'outcome, or what it decides' },
  { word: /\bpace\b/i, instead: 'rate limit' },
  { word: /renew/i, instead: 'touch, or regenerate', files: /^runtime\/session\// },
  { word: /\brenew\w* (the|a) session|\bsessions? (is|was|are) renewed/i, instead: 'touch' },
  { word: /\bin flight\b/i, instead: 'running', files: /^(runtime|generators|templates)\// },
  { word: /\b(is|are) told\b/i, instead: 'notified' },
  {
    word: /answer/i,
    instead: 'response',
    except: /UnreadableAnswerError|UNREADABLE_ANSWER/gi,
    // A person answers a prompt: in generators/ and cli/confirm.ts.
    files: /^(docs|templates)\/|^runtime\/(?!cli\/confirm\.ts)/,
  },
  {
    word: /\b(others|theirs)\b/i,
    instead: 'other request, or what else is meant',
    except: /\{ (base, )?ours, theirs \}/g,
    files: /^(docs\/(?!snippets\/)|templates\/)/,
    onlyInProse: true,
  },
  {
    // Only in comments: onConflict calls the other request's data `theirs`.
    word: /^\s*(\/\/|\/?\*).*\b(others|theirs)\b/i,
    instead: 'other request, or what else is meant',
    except: /\{ (base, )?(ours, )?theirs \}.*/g,
    files: /^(docs\/snippets|generators|runtime)\//,
  },
  {
    word: /\bsomebody else\b/i,
    instead: 'another process, program or request',
    files: /^(runtime|generators|templates)\//,
  },
  { word: /\btakes? no offence\b|\btexts? too many\b/i, instead: 'a plain sentence' },
]

const FOLDERS = ['runtime', 'generators', 'templates', 'docs/snippets']

const FILES = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(c?ts|m?js|hbs|md)$/.test(name))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
).concat(docsPages())

/** Each line with the word. Line 0 is the path of the file. */
function linesWith({ word, except = /$^/g, files = /^/, onlyInProse = false }: Retired): string[] {
  return FILES.filter((file) => files.test(file)).flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    const lines = [file, ...(onlyInProse ? withoutCode(text) : text).split('\n')]
    return lines.flatMap((line, number) =>
      word.test(line.replaceAll(except, '')) ? [`${file}:${number}: ${line.trim()}`] : [],
    )
  })
}

/** A page without its fences and without what stands in backticks. Lines keep their numbers. */
function withoutCode(page: string): string {
  return page.replace(/^( *)```.*\n[\s\S]*?^\1```|`[^`\n]*`/gm, (code) => code.replace(/[^\n]/g, ''))
}

describe('the words of the house', () => {
  it('are looked for everywhere', () => {
    expect(FILES.length).toBeGreaterThan(150)
  })

  it.each(RETIRED)('$word is given up: $instead', (retired) => {
    expect(linesWith(retired)).toEqual([])
  })
})
