import { parseIgnoreFile } from '../../../src/dockerfile/ignore.ts'
import { parseDockerfile } from '../../../src/dockerfile/parse.ts'
import { buildChecks, opinions } from '../../../src/lint/all-rules.ts'
import type { Finding } from '../../../src/lint/finding.ts'
import { lint } from '../../../src/lint/lint.ts'
import type { LintOptions } from '../../../src/lint/subject.ts'
import type { ImageConfig } from '../../../src/oci/image-config.ts'
import { parsePlatform } from '../../../src/oci/platform.ts'
import { formatReference } from '../../../src/oci/reference.ts'

export interface Wanted extends Partial<Omit<LintOptions, 'ignore' | 'baseConfig'>> {
  /** Text of an ignore file. */
  readonly ignore?: string
  /** Configurations of base images by full reference. */
  readonly bases?: Readonly<Record<string, Partial<ImageConfig>>>
}

const linux = parsePlatform('linux/amd64')

/** What all rules find in a Dockerfile for linux/amd64. */
export function findingsIn(text: string, wanted: Wanted = {}): readonly Finding[] {
  const { ignore, bases, ...options } = wanted
  return lint(parseDockerfile(text, { name: 'Dockerfile' }), [...buildChecks, ...opinions], {
    everyStage: options.target === undefined,
    buildArgs: {},
    platform: linux,
    buildPlatform: linux,
    ...options,
    ignore: ignore === undefined ? undefined : parseIgnoreFile(ignore),
    baseConfig: (reference) => {
      const base = bases?.[formatReference(reference)]
      return base && { os: 'linux', architecture: 'amd64', config: {}, diffIDs: [], history: [], ...base }
    },
  })
}

/** "line:column words" of what one rule finds. */
export function marksOf(rule: string, text: string, wanted: Wanted = {}): readonly string[] {
  const found = findingsIn(text, wanted).filter((finding) => finding.rule === rule)
  return found.map(({ line, column, length, source }) => {
    return `${line}:${column} ${source.slice(column - 1, column - 1 + length)}`
  })
}
