import { type CacheKey, cacheKey, type KeyRecord } from '../../../cache/key.ts'
import type { NewEntry } from '../../../cache/layer-cache.ts'
import { BlobStore } from '../../../src/content/blob-store.ts'
import { type StoredLayer, storeLayer } from '../../../src/image/layer.ts'
import { createLog, type Log } from '../../../src/log.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'
import { noise } from '../content/support.ts'

/** When the samples were made. */
export const sampleTime = new Date('2026-03-01T12:00:00.000Z')
export const hour = 3600_000

/** A log that keeps its lines, each beginning with its level in capitals. */
export function keptLog(): { readonly log: Log; readonly lines: string[]; warnings(): readonly string[] } {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  const now = (): Date => sampleTime
  const log = createLog({ level: 'trace', format: 'text', timestamp: false, secrets: [], write, now })
  return { log, lines, warnings: () => lines.filter((line) => line.startsWith('WARN')) }
}

export function sampleRecord(name: string): KeyRecord {
  return {
    version: 1,
    parent: 'scratch',
    platform: 'linux/amd64',
    instruction: 'COPY',
    fields: { sources: [name], destination: '/' },
    inputs: [{ path: `/${name}`, type: 'file', mode: 0o644, content: digestOf(name) }],
  }
}

export function sampleKey(name: string): CacheKey {
  return cacheKey(sampleRecord(name))
}

export function sampleEntry(name: string): NewEntry {
  const record = sampleRecord(name)
  return {
    key: cacheKey(record),
    record,
    madeOn: `sha256:${'0'.repeat(64)}`,
    created: sampleTime,
    text: `COPY ${name} /`,
  }
}

/** A layer of some kilobytes in a store. Its tar is noise: no cache looks into layers. */
export function sampleLayer(store: BlobStore, name: string): Promise<StoredLayer> {
  return storeLayer(store, bytesOf(noise(name, 5000)), { level: 1 })
}

export function openStore(directory: string): BlobStore {
  return BlobStore.open(directory, { readOnly: false })
}
