import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { run } from '../support/command.ts'
import type { ContextEntry } from '../support/context.ts'
import { foreignBaseImages } from '../support/foreign-bases.ts'
import { setPlainTraps } from '../support/image-hostile-root.ts'
import { openInPlaceBuilds } from '../support/in-place-builds.ts'
import { startRegistry } from '../support/registry.ts'

// Systems with other C libraries than hearth's own, one after the other over the root it runs in.

const builds = await openInPlaceBuilds({ after }, foreignBaseImages)
const { succeeds, tree } = builds
const registry = await startRegistry()
after(() => registry.stop())
const port = registry.host.split(':')[1]

/** The network of the machine, on which a name that only the container's hosts file has is the registry. */
const network = ['--network=host', '--add-host', 'registry.test:127.0.0.1']
const libraries = (await run('gcc', ['-print-multiarch'])).trim()

function pushed(repository: string): readonly string[] {
  return ['--no-push=false', '--insecure', '--destination', `registry.test:${port}/${repository}:1`]
}

test('bases of every kind come and go in one build, and afterwards it still resolves names, connects and compresses', async () => {
  const dockerfile = `FROM older:1 AS older
RUN test ! -L /lib && /lib/${libraries}/libc.so.6 > /said
FROM same:1 AS same
COPY --from=older /said /older
RUN test -L /lib && /lib/${libraries}/libc.so.6 > /said
FROM musl:1 AS musl
COPY --from=same /said /older /
RUN ["/bin/say", "/musl"]
FROM newer:1 AS newer
COPY --from=musl /musl /older /said /
RUN mv /said /same; /lib/${libraries}/libc.so.6 > /said; test "$(cat /musl)" = 'of musl'
FROM same:1 AS broken
COPY --from=newer /older /same /
COPY --from=newer /said /newer
RUN cd /usr/lib && rm -f ${libraries}/libc.so.6 ${libraries}/ld-* ../lib64/ld-* && for f in ${libraries}/libc.so.6 ${libraries}/ld-linux-x86-64.so.2 ../lib64/ld-linux-x86-64.so.2; do echo garbage > $f; done; echo x > /broken
FROM busybox:1
COPY --from=broken /older /same /newer /broken /
RUN for base in older same newer; do sed -n 's/.*stable release version \\([0-9.]*[0-9]\\).*/\\1/p' $base; done > /versions
`
  const built = await succeeds({ dockerfile, args: pushed('bases'), flags: network })
  const inspected = await run('skopeo', ['inspect', '--tls-verify=false', `docker://${registry.host}/bases:1`])
  assert.equal(JSON.parse(inspected).Digest, /Built (sha256:\S+)/.exec(built.result.stderr)?.[1])
  const files = await tree(built)
  assert.deepEqual(
    ['versions', 'broken'].map((name) => files.get(name)?.size),
    ['2.31\n2.36\n2.41\n'.length, 2],
  )
  assert.deepEqual(
    [...files.keys()].filter((path) => /musl|usr\/lib|^lib/.test(path)),
    [],
  )
})

test('a base that lays traps catches its own commands only, and the image is pushed by name from within it', async () => {
  const dockerfile = `FROM same:1
COPY traps /
RUN ["/usr/bin/busybox", "touch", "/made"]
USER 1:1
RUN ["/usr/bin/busybox", "true"]
`
  const built = await succeeds({ dockerfile, files: await traps(), args: pushed('traps'), flags: network })
  const said = built.result.stderr.split('\n').filter((line) => line.includes('TRAP'))
  // Once for each command: neither what started it nor what pushes has loaded anything.
  assert.deepEqual(said, ['INFO [stage 0] | TRAP preload', 'INFO [stage 0] | TRAP preload'])
  assert.equal(built.result.stdout, '')
  assert.ok((await tree(built)).has('made'))
  assert.match(registry.log(), /PUT \/v2\/traps\/manifests\/1/)
})

/** Files of a context, below "traps": laid over a root, they set the traps in it. */
async function traps(): Promise<Readonly<Record<string, ContextEntry>>> {
  const directory = mkdtempSync(join(builds.directory, 'traps-'))
  mkdirSync(join(directory, 'etc'))
  await setPlainTraps(directory, join(directory, 'usr/lib', libraries))
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(paths.map((path) => [`traps${path.slice(directory.length)}`, readFileSync(path)]))
}
