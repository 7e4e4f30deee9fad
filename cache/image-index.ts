import type { Log } from '../src/log.ts'
import { inTransaction, openIndexDatabase } from './index-database.ts'
import { reasonOf } from './trouble.ts'
import { listWarmReferences } from './warm-reference.ts'

/** Brings the rows about warmed images in line with the files in refs/. Failure costs the overview, nothing else. */
export async function indexWarmImages(directory: string, log: Log): Promise<void> {
  const db = openIndexDatabase(directory, log)
  if (db === undefined) return
  try {
    const references = (await listWarmReferences(directory)).filter(({ name }) => !name.startsWith('sha'))
    const insert = db.prepare(
      'INSERT INTO images (reference, platform, manifest_digest, resolved_at) VALUES (?, ?, ?, ?)',
    )
    await inTransaction(db, () => {
      db.exec('DELETE FROM images')
      for (const { name, platform, manifest, resolvedAt } of references) {
        insert.run(name, platform, manifest.digest, resolvedAt.getTime())
      }
    })
  } catch (error) {
    log.debug(`The index of ${directory} does not list its warmed images: ${reasonOf(error)}`)
  } finally {
    db.close()
  }
}
