// Does the same as run-script.ts where nothing can be mounted: run-in-chroot.ts <root> <script>
import { chrootIsolation } from '../../../../src/run/chroot.ts'
import { runChild } from '../../../suites/run-child.ts'

await runChild(chrootIsolation())
