import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { createHttpClient } from '../../../src/http/http-client.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { type DigestFiles, writeDigestFiles } from '../../../src/output/digest-files.ts'
import { succeeded } from '../../support/command.ts'
import { startHttpServer } from '../../support/http-server.ts'
import { runIn } from '../../support/isolated.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { childProgram, outputOf } from '../content/support.ts'

const http = createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'test' })
after(() => http[Symbol.asyncDispose]())
const digest = digestOf('image')
const destinations = ['quay.io/team/app:1', 'localhost:5000/app', 'busybox:2'].map(parseReference)

test('the digest stands alone, names one to a line', async (t) => {
  const directory = temporaryDirectory(t)
  const [digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile] = ['a', 'b', 'c'].map((name) =>
    join(directory, 'made/for/it', name),
  ) as [string, string, string]
  await writeDigestFiles(
    { digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile },
    { digest, destinations },
    { http },
  )
  assert.equal(readFileSync(digestFile, 'utf8'), digest)
  const hub = 'index.docker.io/library/busybox'
  assert.equal(
    readFileSync(imageNameWithDigestFile, 'utf8'),
    `quay.io/team/app@${digest}\nlocalhost:5000/app@${digest}\n${hub}@${digest}\n`,
  )
  assert.equal(
    readFileSync(imageNameTagWithDigestFile, 'utf8'),
    `quay.io/team/app:1@${digest}\nlocalhost:5000/app:latest@${digest}\n${hub}:2@${digest}\n`,
  )
  assert.deepEqual(readdirSync(join(directory, 'made/for/it')).sort(), ['a', 'b', 'c'])
})

test('without destinations the files of names are empty, but there', async (t) => {
  const path = join(temporaryDirectory(t), 'names')
  await writeDigestFiles({ imageNameWithDigestFile: path }, { digest, destinations: [] }, { http })
  assert.equal(readFileSync(path, 'utf8'), '')
})

test('nothing is written that was not asked for', async (t) => {
  const directory = temporaryDirectory(t)
  await writeDigestFiles({}, { digest, destinations }, { http })
  assert.deepEqual(readdirSync(directory), [])
})

test('a file that exists is written in place: its inode stays, and a longer text goes', async (t) => {
  const path = join(temporaryDirectory(t), 'digest')
  writeFileSync(path, 'x'.repeat(500))
  const { ino } = statSync(path)
  await writeDigestFiles({ digestFile: path }, { digest, destinations: [] }, { http })
  assert.equal(readFileSync(path, 'utf8'), digest)
  assert.equal(statSync(path).ino, ino)
})

test('a mounted file gets the digest, as Kubernetes mounts its termination log', async (t) => {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'termination-log')
  writeFileSync(path, '')
  mkdirSync(join(directory, 'around'))
  const program = [process.execPath, childProgram(import.meta.url, 'write-digest.ts'), path]
  const inside = ['sh', '-ec', 'mount --bind "$0" "$0"; exec "$@"', path, ...program]
  succeeded(await runIn({}, inside), inside)
  assert.equal(readFileSync(path, 'utf8'), digest)
})

test('a pipe gets the digest', async (t) => {
  const path = join(temporaryDirectory(t), 'pipe')
  execFileSync('mkfifo', [path])
  const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await writeDigestFiles({ digestFile: path }, { digest, destinations: [] }, { http })
  assert.equal(await outputOf(reader), digest)
})

test('a symlink is followed', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'real'), '')
  symlinkSync('real', join(directory, 'link'))
  await writeDigestFiles({ digestFile: join(directory, 'link') }, { digest, destinations: [] }, { http })
  assert.equal(readFileSync(join(directory, 'real'), 'utf8'), digest)
})

test('a file that cannot be written is an error that names it', async (t) => {
  const directory = temporaryDirectory(t)
  const blocked = join(directory, 'file')
  writeFileSync(blocked, '')
  for (const path of [directory, join(blocked, 'below')]) {
    await assert.rejects(
      writeDigestFiles({ digestFile: path }, { digest, destinations: [] }, { http }),
      (error) => error instanceof HearthError && error.code === 'output-failed' && error.where === path,
    )
  }
})

test('a web address gets the digest, and names are not sent', async () => {
  const received: string[] = []
  await using server = await startHttpServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => received.push(text))
    request.on('end', () => response.writeHead(request.url === '/digest' ? 204 : 403).end())
  })
  const write = (files: DigestFiles): Promise<void> => writeDigestFiles(files, { digest, destinations }, { http })
  await write({ digestFile: `http://${server.host}/digest` })
  assert.deepEqual([server.requests, received], [['PUT /digest'], [digest]])
  await assert.rejects(write({ digestFile: `http://me:secret@${server.host}/no?token=x` }), (error) => {
    return error instanceof HearthError && error.why === 'the answer is 403' && !/secret|token/.test(error.message)
  })
  await assert.rejects(write({ imageNameWithDigestFile: `http://${server.host}/digest` }), { code: 'output-failed' })
})

test('Cloud Build finds a line of JSON for each destination, behind earlier ones', async (t) => {
  const builderOutput = join(temporaryDirectory(t), 'output')
  for (const _ of [1, 2]) await writeDigestFiles({ builderOutput }, { digest, destinations }, { http })
  const lines = readFileSync(join(builderOutput, 'images'), 'utf8').trimEnd().split('\n')
  const names = ['quay.io/team/app:1', 'localhost:5000/app:latest', 'index.docker.io/library/busybox:2']
  const expected = names.map((name) => JSON.stringify({ name, digest }))
  assert.deepEqual(lines, [...expected, ...expected])
})
