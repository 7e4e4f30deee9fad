import { setTimeout as sleep } from 'node:timers/promises'
import { HearthError } from '../errors.ts'
import { type BackOff, isTransientError, pauseMs } from '../http/retry.ts'
import type { Log } from '../log.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Bytes } from '../stream/bytes.ts'
import { type BlobAddress, headBlob } from './blobs.ts'
import type { RegistrySession } from './registry-session.ts'
import type { TransferSlots } from './transfer-slots.ts'
import { mountBlob, sendBlob, startUpload, type UploadAddress } from './upload.ts'

export interface BlobPush extends BlobAddress {
  readonly descriptor: Descriptor
  readonly open: () => Bytes
  /** Another repository of the same registry that has the blob. */
  readonly from: string | undefined
}

export interface PushTools {
  readonly session: RegistrySession
  readonly slots: TransferSlots
  readonly backOff: BackOff
  readonly log: Log
}

/** Brings a blob to a registry by the cheapest way: it is there, it is mounted from another repository, it is sent. */
export async function pushBlob(tools: PushTools, push: BlobPush): Promise<'existed' | 'mounted' | 'uploaded'> {
  const { session, slots } = tools
  const { exists, size } = await headBlob(session, push)
  if (exists && (size === undefined || size === push.descriptor.size)) return 'existed'
  const isElsewhere = push.from !== undefined && push.from !== push.endpoint.repository
  const mounted = isElsewhere && push.from !== undefined ? await mountBlob(session, push, push.from) : undefined
  if (mounted === 'mounted') return 'mounted'
  await slots.run(() => upload(tools, push, mounted))
  return 'uploaded'
}

async function upload(tools: PushTools, push: BlobPush, opened: UploadAddress | undefined): Promise<void> {
  const { session, slots, log } = tools
  let to = opened
  for (let failures = 1; ; failures++) {
    try {
      to ??= await startUpload(session, push)
      await sendBlob(session, push, { to, open: () => slots.within(push.open()) })
      return
    } catch (error) {
      push.signal?.throwIfAborted()
      if (failures > push.retries || !canStartAgain(error)) throw error
      const wait = pauseMs({ backOff: tools.backOff, failures, nowMs: Date.now(), random: Math.random() })
      log.debug(
        `${push.subject.host}: the upload of ${push.subject.what} failed; starting again in ${(wait / 1000).toFixed(1)} s`,
      )
      await sleep(wait, undefined, push.signal === undefined ? {} : { signal: push.signal })
      to = undefined
    }
  }
}

// "Not found" is an upload that the registry has forgotten.
function canStartAgain(error: unknown): boolean {
  if (!(error instanceof HearthError)) return false
  if (error.code === 'registry-unreachable') return error.cause === undefined || isTransientError(error.cause)
  return error.code === 'registry-rate-limit' || error.code === 'registry-not-found'
}
