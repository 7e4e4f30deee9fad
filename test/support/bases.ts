import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { busyboxConfig, makeBusyboxRoot } from '../../examples/quickstart/busybox-root.ts'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import { run } from './command.ts'
import { debianLayoutPath } from './debian-base.ts'

/** An image of an OCI layout on disk. */
export interface LayoutImage {
  readonly layout: string
  /** The layout's name for it, as skopeo and umoci take it after the colon. */
  readonly name: string
}

/** A base image of busybox-static, made in a new directory below `directory`. */
export async function busyboxImage(directory: string): Promise<LayoutImage> {
  const own = mkdtempSync(join(directory, 'busybox-'))
  const rootfs = join(own, 'rootfs')
  makeBusyboxRoot(rootfs)
  const layout = join(own, 'layout')
  await writeImageLayout({ rootfs, layout, name: 'busybox:1', config: busyboxConfig })
  return { layout, name: 'busybox:1' }
}

/** The minimal Debian that set-up made. */
export function debianImage(): LayoutImage {
  return { layout: debianLayoutPath(), name: 'debian:12' }
}

/** Copies an image into a registry; gives its reference there, "127.0.0.1:5000/busybox:1". */
export async function pushImage(image: LayoutImage, host: string, name = image.name): Promise<string> {
  const reference = `${host}/${name}`
  const source = `oci:${image.layout}:${image.name}`
  await run('skopeo', [
    'copy',
    '--quiet',
    '--insecure-policy',
    '--dest-tls-verify=false',
    source,
    `docker://${reference}`,
  ])
  return reference
}
