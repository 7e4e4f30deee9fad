import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Bytes } from '../../../src/stream/bytes.ts'

/** An empty directory that is gone when the test ends. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'hearth-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Bytes that differ for each seed and do not compress. */
export function noise(seed: string | number, size: number): Buffer {
  const blocks: Buffer[] = []
  for (let i = 0; i * 32 < size; i++) blocks.push(createHash('sha256').update(`${seed} ${i}`).digest())
  return Buffer.concat(blocks).subarray(0, size)
}

export async function* inChunks(bytes: Uint8Array, chunkSize: number): Bytes {
  for (let at = 0; at < bytes.byteLength; at += chunkSize) yield bytes.subarray(at, at + chunkSize)
}

/** Damages a file as a failing disk does: same size, one bit in the middle is another. */
export function flipBit(path: string): void {
  const bytes = readFileSync(path)
  const middle = bytes.byteLength >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  chmodSync(path, 0o644)
  writeFileSync(path, bytes)
}

/** Every file below a directory, relative and sorted. */
export function filesBelow(directory: string): readonly string[] {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
  return found.map((entry) => relative(directory, join(entry.parentPath, entry.name))).sort()
}

/** Names of blobs whose content does not hash to their name. */
export function damagedBlobs(directory: string): readonly string[] {
  const blobs = join(directory, 'blobs', 'sha256')
  return readdirSync(blobs).filter((name) => {
    return (
      createHash('sha256')
        .update(readFileSync(join(blobs, name)))
        .digest('hex') !== name
    )
  })
}

export function childProgram(importMetaUrl: string, name: string): string {
  return join(dirname(fileURLToPath(importMetaUrl)), 'children', name)
}

/** Starts a program of the tests with the Node that runs them. */
export function startNode(program: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Waits for the end of a child and gives its standard output; an exit code other than 0 is an error. */
export async function outputOf(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`child ended with ${code}: ${Buffer.concat(chunks)}`)
  return Buffer.concat(chunks).toString()
}

/** Runs a shell script where mounts are private and end with it; "$1" and so on are the arguments. */
export function withPrivateMounts(script: string, args: readonly string[]): string {
  const unshare = ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', ...args]
  const { status, stdout, stderr } = spawnSync('unshare', unshare, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the script ended with ${status}: ${stdout}${stderr}`)
  return stdout
}
