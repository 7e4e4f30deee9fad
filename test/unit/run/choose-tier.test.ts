import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseTier } from '../../../src/run/choose-tier.ts'

const works = { works: true }
const refused = { works: false, why: 'EPERM: unshare failed for pid namespace' }
const noOverlay = { works: false, why: 'EINVAL: mount failed for overlay on /view' }
const noIds = { works: false, why: '/etc/subuid has no ids for eve', fix: 'As root: usermod' }

test('the first tier that works is chosen, and said why none before it', () => {
  assert.equal(chooseTier('auto', { overlay: works, namespaces: works, inPlaceAllowed: true }).tier, 'overlay')
  const plain = chooseTier('auto', { overlay: noOverlay, namespaces: works, inPlaceAllowed: true })
  assert.equal(plain.tier, 'namespaces')
  assert.match(plain.reason, /of their own; not overlay: EINVAL: mount failed for overlay on \/view$/)
  const second = chooseTier('auto', { overlay: refused, namespaces: refused, userns: works, inPlaceAllowed: true })
  assert.equal(second.tier, 'userns')
  assert.match(second.reason, /user namespace; not overlay, namespaces: EPERM: unshare failed for pid namespace$/)
  const third = chooseTier('auto', { overlay: refused, namespaces: refused, userns: noIds, inPlaceAllowed: true })
  assert.equal(third.tier, 'in-place')
  assert.match(third.reason, /; not overlay, namespaces: EPERM.*; not userns: \/etc\/subuid has no ids for eve$/)
  assert.ok(!third.reason.includes('\n'))
})

test('building in place is never chosen where it is not allowed', () => {
  const facts = { overlay: refused, namespaces: refused, userns: noIds, inPlaceAllowed: false }
  assert.throws(() => chooseTier('auto', facts), {
    code: 'run-unavailable',
    why: /^not overlay, namespaces: EPERM.*\nnot userns: .*\nnot in-place: this is not the image of hearth/,
    fix: 'As root: usermod',
  })
  assert.throws(() => chooseTier('in-place', facts), { code: 'run-unavailable', fix: /--force/ })
})

test('a tier that is asked for is used or refused, without another in its place', () => {
  const facts = { namespaces: refused, userns: works, inPlaceAllowed: true }
  assert.throws(() => chooseTier('overlay', { overlay: noOverlay, namespaces: works, inPlaceAllowed: true }), {
    message: /--isolation=overlay/,
    why: /EINVAL/,
  })
  assert.throws(() => chooseTier('namespaces', facts), { message: /--isolation=namespaces/, why: /EPERM/ })
  assert.match(chooseTier('userns', facts).reason, /as requested$/)
  assert.equal(chooseTier('in-place', facts).tier, 'in-place')
})

test('a chroot is used when it is asked for, and never otherwise', () => {
  assert.match(chooseTier('chroot', { chroot: works, inPlaceAllowed: false }).reason, /processes .*, as requested$/)
  const facts = { namespaces: refused, userns: noIds, chroot: works, inPlaceAllowed: false }
  assert.throws(() => chooseTier('auto', facts), { code: 'run-unavailable' })
  const noDevices = { works: false, why: 'EPERM: mknod failed', fix: 'Give the container CAP_MKNOD' }
  assert.throws(() => chooseTier('chroot', { chroot: noDevices, inPlaceAllowed: true }), {
    message: /--isolation=chroot/,
    why: /mknod/,
    fix: 'Give the container CAP_MKNOD',
  })
})
