import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BlobStore } from '../../../src/content/blob-store.ts'
import { type FinishedImage, finishImage, type Image } from '../../../src/image/image.ts'
import { type StoredLayer, storeLayer } from '../../../src/image/layer.ts'
import type { ContainerConfig } from '../../../src/oci/image-config.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'

/** A tar of some files, made by GNU tar; the same files give the same bytes. */
export function makeTar(directory: string, files: Readonly<Record<string, string>>): Buffer {
  const own = mkdtempSync(join(directory, 'tar-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(own, name, '..'), { recursive: true })
    writeFileSync(join(own, name), text)
  }
  const plain = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX']
  const args = ['-C', own, ...plain, '-cf', '-', ...Object.keys(files)]
  return execFileSync('tar', args, { maxBuffer: 1 << 26 })
}

/** A store below a directory of the test's. */
export function newStore(directory: string): BlobStore {
  return BlobStore.open(mkdtempSync(join(directory, 'store-')), { readOnly: false })
}

/** A layer with these files, gzipped, in a store. */
export function makeLayer(
  store: BlobStore,
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<StoredLayer> {
  return storeLayer(store, bytesOf(makeTar(directory, files)), { level: 1 })
}

export interface SampleOptions {
  readonly config?: ContainerConfig
  readonly annotations?: Readonly<Record<string, string>>
}

/** An image of these layers. */
export function imageOf(layers: Image['layers'], o: SampleOptions = {}): Image {
  return {
    config: {
      created: '2026-03-01T12:00:00Z',
      architecture: 'amd64',
      os: 'linux',
      config: o.config ?? { Cmd: ['/tool'], Labels: { made: 'for a test' } },
      diffIDs: layers.map((layer) => layer.diffID),
      history: layers.map((_, i) => ({ created_by: `layer ${i}` })),
    },
    layers,
    annotations: o.annotations ?? {},
  }
}

/** A finished image of two layers: /tool and /etc/conf, then another /etc/conf. */
export async function sampleImage(directory: string, o: SampleOptions = {}): Promise<FinishedImage> {
  const store = newStore(directory)
  const lower = await makeLayer(store, directory, { tool: '#!', 'etc/conf': 'old' })
  const upper = await makeLayer(store, directory, { 'etc/conf': 'new' })
  return finishImage(imageOf([lower, upper], o))
}
