// What is promised to commands in a chroot, to be started with no more capabilities than a container has:
// chroot-suite.ts [<busybox>]
import { join } from 'node:path'
import { chrootIsolation } from '../../../../src/run/chroot.ts'
import { isolationSuite } from '../../../suites/isolation.suite.ts'

const [busybox] = process.argv.slice(2)

isolationSuite({
  name: 'chroot',
  make: () => chrootIsolation(),
  child: join(import.meta.dirname, 'run-in-chroot.ts'),
  walls: true,
  lacks: ['processes', 'mounts'],
  ...(busybox === undefined ? {} : { busybox }),
})
