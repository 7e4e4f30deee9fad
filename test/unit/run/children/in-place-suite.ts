// What a tier without walls promises. Empties "/" again and again: for a throw-away container of the image only.
import { join } from 'node:path'
import { inPlaceIsolation } from '../../../../src/run/in-place.ts'
import { inOwnImage } from '../../../../src/run/own-image.ts'
import { inPlaceSuite } from '../../../suites/in-place.suite.ts'
import { isolationSuite } from '../../../suites/isolation.suite.ts'

if (!inOwnImage()) throw new Error('this deletes "/": it runs in a container of the image only')

const maker = {
  name: 'in-place',
  make: () => inPlaceIsolation({ ownDirectory: '/kaniko' }),
  child: join(import.meta.dirname, 'run-in-place.ts'),
  walls: false,
  busybox: '/kaniko/bin/busybox',
}
isolationSuite(maker)
inPlaceSuite(maker)
