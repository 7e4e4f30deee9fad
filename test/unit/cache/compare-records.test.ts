import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EntryAbout } from '../../../cache/about.ts'
import { compareFiles } from '../../../cache/compare-files.ts'
import { compareRecords, type Told } from '../../../cache/compare-records.ts'
import { differencesText } from '../../../cache/difference-text.ts'
import { type KeyInput, type KeyValue, type StoredRecord, storedRecord } from '../../../cache/key.ts'

const copyFields = {
  from: null,
  sources: ['a'],
  heredocs: [],
  destination: '/',
  workdir: '/',
  chown: null,
  chmod: null,
}
const runFields = { argv: ['/bin/sh', '-c', 'make'], env: { A: '1' }, user: '', workdir: '/' }

interface Sample {
  readonly parent?: string
  readonly platform?: string
  readonly fields?: { readonly [name: string]: KeyValue }
  readonly inputs?: readonly KeyInput[]
  readonly about?: Partial<EntryAbout>
}

function told(instruction: StoredRecord['instruction'], { about, inputs, ...rest }: Sample): Told {
  const common = { version: 1, parent: 'k1', platform: 'linux/amd64', instruction, fields: {} } as const
  const record = storedRecord({ ...common, ...rest, ...(inputs === undefined ? {} : { inputs }) })
  const place = { dockerfile: 'Dockerfile', stage: 'stage 0', position: 0, line: 1, args: [], names: {} }
  return { record, about: { ...place, ...about }, ...(inputs === undefined ? {} : { inputs }) }
}

const run = (fields: { readonly [name: string]: KeyValue }, more: Sample = {}): Told =>
  told('RUN', { fields: { ...runFields, ...fields }, ...more })
const copy = (fields: { readonly [name: string]: KeyValue }, more: Sample = {}): Told =>
  told('COPY', { fields: { ...copyFields, ...fields }, ...more })
const file = (path: string, more: Partial<KeyInput> = {}): KeyInput => {
  return { path, type: 'file', mode: 0o644, content: `sha256:${'1'.repeat(64)}`, ...more }
}
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
const debian = (letter: string): Sample => ({
  parent: `layers:${digest(letter)}`,
  about: { names: { [`layers:${digest(letter)}`]: `debian:bookworm@${digest(letter)}` } },
})
const stage = (key: string): Partial<EntryAbout> => ({ names: { [key]: 'stage build' } })
const mount = (more: { readonly [name: string]: KeyValue }): { readonly [name: string]: KeyValue } => {
  return { mounts: [{ type: 'bind', target: '/src', from: null, readOnly: true, ...more }] }
}

const cases: readonly (readonly [what: string, before: Told, after: Told, says: string])[] = [
  ['the step below', run({}, { parent: 'k1' }), run({}, { parent: 'k2' }), 'the step before it changed'],
  [
    'the base that moved',
    run({}, debian('a')),
    run({}, debian('b')),
    'base debian:bookworm moved sha256:aaaaaaaaaaaa…→sha256:bbbbbbbbbbbb…',
  ],
  [
    'a base whose name nobody kept',
    run({}, { parent: `layers:${digest('a')}` }),
    run({}, { parent: `layers:${digest('b')}` }),
    'base changed',
  ],
  ['another base', run({}, { parent: 'scratch' }), run({}, debian('b')), 'base scratch→debian:bookworm'],
  [
    'the stage below',
    run({}, { parent: 'k1', about: stage('k1') }),
    run({}, { parent: 'k2', about: stage('k2') }),
    'stage build changed',
  ],
  [
    'the platform',
    run({}, { platform: 'linux/amd64' }),
    run({}, { platform: 'linux/arm64' }),
    'platform: linux/amd64→linux/arm64',
  ],
  ['an ENV', run({ env: { A: '1' } }), run({ env: { A: '2' } }), 'ENV A: 1→2'],
  ['a new ENV', run({}), run({ env: { A: '1', B: '2' } }), 'ENV B: +2'],
  ['an ENV that is gone', run({ env: { A: '1', B: '2' } }), run({}), 'ENV B: -2'],
  [
    'an ARG',
    run({ env: { SHA: 'a1b2' } }, { about: { args: ['SHA'] } }),
    run({ env: { SHA: 'c3d4' } }),
    'ARG SHA: a1b2→c3d4',
  ],
  [
    'a secret-looking variable',
    run({ env: { A: '1', DB_PASSWORD: 'x' } }),
    run({ env: { A: '1', DB_PASSWORD: 'y' } }),
    'ENV DB_PASSWORD: another value, which is not shown',
  ],
  ['the command', run({}), run({ argv: ['/bin/sh', '-c', 'make all'] }), 'command: make→make all'],
  ['the shell', run({}), run({ argv: ['/bin/bash', '-ec', 'make'] }), 'shell: /bin/sh -c→/bin/bash -ec'],
  ['the exec form', run({ argv: ['make'] }), run({ argv: ['make', 'all'] }), 'command: make→make all'],
  ['the user', run({}), run({ user: 'app' }), 'user: ""→app'],
  ['the directory', run({}), run({ workdir: '/app' }), 'workdir: /→/app'],
  ['the network', run({}), run({ network: 'none' }), 'network: +none'],
  [
    'a script',
    run({ script: { path: '/s', content: 'a' } }),
    run({ script: { path: '/s', content: 'b' } }),
    'the heredoc changed',
  ],
  ['a new mount', run({}), run(mount({})), 'mount /src: +{"type":"bind","target":"/src","from":null,"readOnly":true}'],
  ['an option of a mount', run(mount({})), run(mount({ readOnly: false })), 'readOnly of mount /src: true→false'],
  [
    'the stage that is mounted',
    run(mount({ from: 'k1' }), { about: stage('k1') }),
    run(mount({ from: 'k2' }), { about: stage('k2') }),
    'mount /src: stage build changed',
  ],
  ['the destination', copy({}), copy({ destination: '/b' }), 'destination: /→/b'],
  ['the sources', copy({}), copy({ sources: ['a', 'b'] }), 'sources: a→a b'],
  ['the owner', copy({}), copy({ chown: '1:1' }), 'chown: +1:1'],
  ['the mode', copy({ chmod: '644' }), copy({}), 'chmod: -644'],
  ['what is left out', copy({}), copy({ exclude: ['*.md'] }), 'exclude: +*.md'],
  ['a heredoc', copy({}), copy({ heredocs: [{ name: 'a', content: 'a' }] }), 'a heredoc changed'],
  [
    'the stage that files come from',
    copy({ from: 'k1' }, { about: stage('k1') }),
    copy({ from: 'k2' }, { about: stage('k2') }),
    'stage build changed',
  ],
  [
    'the image that files come from',
    copy({ from: `layers:${digest('a')}` }, { about: debian('a').about ?? {} }),
    copy({ from: `layers:${digest('b')}` }, { about: debian('b').about ?? {} }),
    'debian:bookworm moved sha256:aaaaaaaaaaaa…→sha256:bbbbbbbbbbbb…',
  ],
  [
    'another place that files come from',
    copy({}),
    copy({ from: 'k2' }, { about: stage('k2') }),
    '--from the build context→stage build',
  ],
  ['reproducible layers', copy({}), copy({ reproducible: true }), 'reproducible: +true'],
  [
    'files whose list is gone',
    { record: copy({}, { inputs: [file('a')] }).record },
    copy({}, { inputs: [file('b')] }),
    'files changed (which is no longer known)',
  ],
  ['files where there were none', copy({}), copy({}, { inputs: [file('b')] }), 'b is new'],
]

for (const [what, before, after, says] of cases) {
  test(`two records are told apart by ${what}`, () => {
    assert.equal(differencesText(compareRecords(before, after)), says)
    assert.deepEqual(compareRecords(after, after), [])
  })
}

test('no difference holds the value of a variable that looks like a secret', () => {
  const [before, after] = [run({ env: { API_KEY: 'hunter2' } }), run({ env: { API_KEY: 'hunter3' } })]
  assert.equal(JSON.stringify(compareRecords(before, after)).includes('hunter'), false)
})

const fileCases: readonly (readonly [what: string, before: KeyInput, after: KeyInput, says: string])[] = [
  ['content', file('a'), file('a', { content: digest('2') }), 'a changed (content)'],
  ['mode', file('a'), file('a', { mode: 0o755 }), 'a changed (mode 0644→0755)'],
  ['owner', file('a', { uid: 0, gid: 0 }), file('a', { uid: 1, gid: 2 }), 'a changed (owner 0:0→1:2)'],
  ['attributes', file('a'), file('a', { xattrs: { 'user.x': '00' } }), 'a changed (attributes)'],
  ['type, and nothing else then', file('a'), file('a', { type: 'symlink', mode: 0 }), 'a changed (type file→symlink)'],
  ['several', file('a'), file('a', { mode: 0o600, content: '' }), 'a changed (content, mode 0644→0600)'],
]

for (const [what, before, after, says] of fileCases) {
  test(`two files of one path are told apart by ${what}`, () => {
    assert.equal(differencesText(compareFiles([before], [after])), says)
    assert.deepEqual(compareFiles([after], [after]), [])
  })
}

test('files of one path from several sources are compared one by one', () => {
  const [first, second] = [file('a'), file('a', { content: digest('2') })]
  const changed = compareFiles([first, second], [first, file('a', { content: digest('3') })])
  assert.equal(differencesText(changed), 'a changed (content)')
})

test('a line names five files and counts the rest, and cuts what is long', () => {
  const many = Array.from({ length: 9 }, (_, i) => file(`f${i}`))
  assert.equal(differencesText(compareFiles([], many)), '9 files changed: +f0, +f1, +f2, +f3, +f4, 4 more')
  const long = differencesText(compareRecords(run({ user: 'a'.repeat(500) }), run({ user: `${'a'.repeat(500)}b` })))
  assert.equal(long, 'user: …aaaaaaaaaaaa→…aaaaaaaaaaaab')
})
