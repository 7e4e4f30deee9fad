import assert from 'node:assert/strict'
import { chmodSync, lutimesSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type CachedBuildResult, CachedBuilds, textIn } from '../../support/cached-builds.ts'
import { type ContextEntry, makeContext } from '../../support/context.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const directory = temporaryDirectory({ after })
const builds = new CachedBuilds(directory)

before(async () => {
  await builds.addImage('base')
})
after(() => builds.http[Symbol.asyncDispose]())

/** A context and a cache directory. */
class Workshop {
  readonly context: string
  readonly cacheDirectory = builds.newDirectory()

  constructor(dockerfile: string, files: Readonly<Record<string, ContextEntry>> = {}) {
    this.context = makeContext(directory, { noise: 'of no account', ...files, Dockerfile: dockerfile })
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.context, name), text)
  }

  async build(): Promise<CachedBuildResult> {
    return await builds.build({ context: this.context, cacheDirectory: this.cacheDirectory })
  }

  /** "made", "local" or "-" for each step. */
  async fates(): Promise<string> {
    return fatesOf(await this.build())
  }

  /** Loses the entries of the steps with these words in their text. */
  forget(words: string): void {
    const entries = join(this.cacheDirectory, 'entries')
    for (const name of readdirSync(entries)) {
      const { text } = JSON.parse(readFileSync(join(entries, name), 'utf8'))
      if (text.includes(words)) rmSync(join(entries, name))
    }
  }
}

function fatesOf({ fates }: CachedBuildResult): string {
  return fates.map(({ outcome = '-' }) => outcome).join(' ')
}

// The stage with the noise is another one whenever the noise is, with the same file in it.
const twoStages = `FROM scratch AS build
COPY noise /
COPY out /out
FROM scratch
COPY --from=build /out /out
COPY noise2 /
`
const twoFiles = { out: 'the result', noise2: '' }

test('a copy from a stage that has changed is found when the copied files have not, and so is what follows', async () => {
  const shop = new Workshop(twoStages, twoFiles)
  assert.equal(await shop.fates(), 'made made made made')
  shop.write('noise', 'another')
  assert.equal(await shop.fates(), 'made made local local')
  assert.equal(await shop.fates(), '- - local local', 'found at once by the build after that')
})

test('other content is another key', async () => {
  const shop = new Workshop(twoStages, twoFiles)
  await shop.build()
  shop.write('out', 'another result')
  const changed = await shop.build()
  assert.equal(fatesOf(changed), 'local made made made')
  assert.equal(await textIn(changed.image, 'out', directory), 'another result')
})

test('a file that only has another time is the same', async () => {
  const shop = new Workshop(twoStages, twoFiles)
  await shop.build()
  shop.write('noise', 'another')
  lutimesSync(join(shop.context, 'out'), 1, 1)
  shop.forget('COPY out')
  assert.equal(await shop.fates(), 'made made local local')
})

const kinds: readonly (readonly [what: string, change: (context: string) => void])[] = [
  ['mode', (context) => chmodSync(join(context, 'tree/a'), 0o755)],
  ['mode of a directory', (context) => chmodSync(join(context, 'tree/sub'), 0o700)],
  ['name', (context) => writeFileSync(join(context, 'tree/c'), '')],
]

for (const [what, change] of kinds) {
  test(`another ${what} is another key`, async () => {
    const shop = new Workshop('FROM scratch AS build\nCOPY tree /tree\nFROM scratch\nCOPY --from=build /tree /\n', {
      'tree/a': 'a',
      'tree/sub/b': 'b',
    })
    assert.equal(await shop.fates(), 'made made')
    change(shop.context)
    assert.equal(await shop.fates(), 'made made')
  })
}

test('another owner is another key, unless the copy gives the files one of its own', async () => {
  const dockerfile = (options: string, owner: string): string =>
    `FROM scratch AS build\nCOPY --chown=${owner} out /out\nFROM scratch\nCOPY --from=build ${options} /out /\n`
  for (const [options, expected] of [
    ['', 'made made'],
    ['--chown=7:8', 'made local'],
  ] as const) {
    const shop = new Workshop(dockerfile(options, '1:1'), { out: '' })
    await shop.build()
    shop.write('Dockerfile', dockerfile(options, '2:2'))
    assert.equal(await shop.fates(), expected, options)
  }
})

test('two names of one file are not two files', async () => {
  const dockerfile = (make: string): string =>
    `FROM base AS build\nRUN mkdir /o && echo x >/o/a && ${make} /o/a /o/b\nFROM scratch\nCOPY --from=build /o /\n`
  const shop = new Workshop(dockerfile('ln'))
  await shop.build()
  shop.write('Dockerfile', dockerfile('cp'))
  assert.equal(await shop.fates(), 'made made')
  shop.write('Dockerfile', dockerfile('ln -f'))
  assert.equal(await shop.fates(), 'made local')
})

test('files of the context never pass for those of a stage, which keep their owners', async () => {
  const shop = new Workshop('FROM scratch\nCOPY out /out\n', twoFiles)
  await shop.build()
  shop.write(
    'Dockerfile',
    'FROM scratch AS build\nCOPY --chown=1:1 out /out\nFROM scratch\nCOPY --from=build /out /out\n',
  )
  assert.equal(await shop.fates(), 'made made')
})

test('an image that has moved gives the same files', async () => {
  const shop = new Workshop('FROM scratch\nCOPY --from=tool:1 /etc/tool /tool\nCOPY noise /\n')
  await builds.addImage('tool:1', { 'etc/tool': 'tool', 'etc/release': '1.0' })
  await shop.build()
  await builds.addImage('tool:1', { 'etc/tool': 'tool', 'etc/release': '1.1' })
  assert.equal(await shop.fates(), 'local local')
  await builds.addImage('tool:1', { 'etc/tool': 'other tool', 'etc/release': '1.2' })
  assert.equal(await shop.fates(), 'made made')
})

test('a chain of stages is followed as far as something changes', async () => {
  const shop = new Workshop(
    `FROM scratch AS one
COPY noise out /
FROM scratch AS two
COPY --from=one /out /made-of
COPY more /more
FROM two AS three
COPY even-more /
FROM scratch
COPY --from=three /made-of /even-more /
COPY last /
`,
    { out: 'x', more: 'y', 'even-more': 'z', last: '' },
  )
  assert.equal(await shop.fates(), 'made made made made made made')
  shop.write('noise', 'another')
  assert.equal(await shop.fates(), 'made local local local local local')
  assert.equal(await shop.fates(), '- - - - local local')
  shop.write('more', 'yy')
  assert.equal(await shop.fates(), '- local made made local local', 'the file that is copied at last has not changed')
})

test('steps that were made on a copy found by its first key are found by the second one of a later build', async () => {
  const shop = new Workshop(twoStages, twoFiles)
  await shop.build()
  shop.write('noise2', 'another')
  assert.equal(await shop.fates(), '- - local made')
  shop.write('noise', 'another')
  assert.equal(await shop.fates(), 'made made local local')
})

test('a linked copy is found by its content on whatever is below', async () => {
  const shop = new Workshop(twoStages.replace('--from', '--link --from'), twoFiles)
  await shop.build()
  shop.write('noise', 'another')
  assert.equal(await shop.fates(), 'made made local local')
  shop.write(
    'Dockerfile',
    readFileSync(join(shop.context, 'Dockerfile'), 'utf8').replace('FROM scratch\n', 'FROM base\n'),
  )
  shop.write('noise', 'a third one')
  assert.equal(await shop.fates(), 'made made local made')
})

test('what a command finds mounted of a stage is known by its content, too', async () => {
  const shop = new Workshop(
    `FROM scratch AS build
COPY noise out /
FROM base
RUN --mount=type=bind,from=build,source=/out,target=/out cp /out /copy
RUN --mount=type=bind,from=build,source=/out,target=/out,rw echo more >>/out && cp /out /second
`,
    { out: 'x' },
  )
  await shop.build()
  shop.write('noise', 'another')
  assert.equal(await shop.fates(), 'made local local')
  assert.equal(await shop.fates(), '- local local')
  shop.write('out', 'y')
  const changed = await shop.build()
  assert.equal(fatesOf(changed), 'made made made')
  assert.equal(await textIn(changed.image, 'second', directory), 'ymore\n')
})

// A command that answers differently each time.
const random = 'head -c 8 /dev/urandom | od -An -tx1'

test('what a command that ran again gives otherwise is not mixed with what it gave before', async () => {
  const shop = new Workshop(`FROM base AS build
COPY noise /
RUN ${random} >/a; cp /a /b; echo same >/same
FROM base
COPY --from=build /same /same
COPY --from=build /a /a
RUN cp /a /c
COPY --from=build /b /b
`)
  const first = await shop.build()
  shop.write('noise', 'another')
  const second = await shop.build()
  assert.equal(fatesOf(second), 'made made local made made made')
  const texts = await Promise.all(['a', 'b', 'c'].map((name) => textIn(second.image, name, directory)))
  assert.equal(new Set(texts).size, 1)
  assert.notEqual(texts[0], await textIn(first.image, 'a', directory))
})

test('a command above a copy is only found on the very result it ran on', async () => {
  const shop = new Workshop(`FROM base AS build
COPY noise /
RUN echo same >/same
FROM base
COPY --from=build /same /same
RUN ${random} >/r
RUN cp /r /s
`)
  await shop.build()
  shop.forget(random)
  shop.write('noise', 'another')
  const second = await shop.build()
  assert.equal(fatesOf(second), 'made made local made made')
  assert.equal(await textIn(second.image, 'r', directory), await textIn(second.image, 's', directory))
  const third = await shop.build()
  assert.equal(third.digest, second.digest)
})

test('a command is found above a copy that is made again, as where copies are not kept', async () => {
  const shop = new Workshop(`FROM base AS build
COPY noise /
RUN echo same >/same
FROM base
COPY --from=build /same /in/a/directory/same
RUN cp /in/a/directory/same /t
`)
  await shop.build()
  shop.forget('COPY --from')
  assert.equal(await shop.fates(), 'local local made local')
  shop.forget('COPY --from')
  shop.write('noise', 'another')
  assert.equal(await shop.fates(), 'made made made local')
})

test('a stage that has not changed is not looked at because a copy of another one has', async () => {
  const shop = new Workshop(
    `FROM base AS one
COPY noise /
RUN echo same >/same
FROM base AS two
RUN ${random} >/r
FROM scratch
COPY --from=one /same /same
COPY --from=two /r /r
COPY noise2 /
`,
    twoFiles,
  )
  const first = await shop.build()
  shop.write('noise', 'another')
  const second = await shop.build()
  assert.equal(fatesOf(second), 'made made - local local local')
  assert.equal(await textIn(second.image, 'r', directory), await textIn(first.image, 'r', directory))
  shop.forget(random)
  shop.write('noise', 'a third one')
  const third = await shop.build()
  assert.equal(fatesOf(third), 'made made made local made made', 'what it gave before is nobody to tell by')
})

test('a stage whose layers are lost runs again, and copies of what it gives again are kept', async () => {
  const shop = new Workshop(`FROM base AS build
RUN ${random} >/a; echo same >/same
FROM base
COPY --from=build /same /same
RUN cp /same /t
COPY --from=build /a /a
COPY noise /
`)
  await shop.build()
  shop.forget(random)
  shop.forget('COPY --from=build /a')
  const second = await shop.build()
  assert.equal(fatesOf(second), 'made local local made made')
  assert.equal((await shop.build()).digest, second.digest)
})

test('a damaged layer is made again, whichever key finds it', async () => {
  const shop = new Workshop(twoStages, twoFiles)
  const { image } = await shop.build()
  const [layer] = image.layers
  const path = join(shop.cacheDirectory, 'blobs', (layer?.descriptor.digest ?? '').replace(':', '/'))
  chmodSync(path, 0o644)
  writeFileSync(path, Buffer.alloc(layer?.descriptor.size ?? 0))
  shop.write('noise', 'another')
  assert.match(await shop.fates(), /^made made made /)
})
