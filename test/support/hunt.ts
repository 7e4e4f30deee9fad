/** A word that secrets hold. It is in two parts, so that no search for it finds itself. */
export const canary = ['canary-of-', 'the-build-4711'] as const

/**
 * A shell script, for busybox as for bash, that searches what a command can reach for the canary and for ways out. Prints
 * a line for each; nothing when all is well.
 */
export const hunt = `c='${canary[0]}'; c="$c"'${canary[1]}'
look() { grep -q "$c" "$1" 2> /dev/null && echo "found in $1"; }
session() { sed 's/.*) //' $1/stat 2> /dev/null | cut -d' ' -f4; }
processes() {
  for p in /proc/[0-9]*; do
    test "$(session $p)" = "$(session /proc/self)" && continue
    for file in $p/environ $p/cmdline $p/task/*/environ $p/cwd/* $p/fd/*; do test -f "$file" && look "$file"; done
    for secret in kaniko/.docker/config.json cache/token var/run/secrets/kubernetes.io/serviceaccount/token; do
      look $p/root/$secret; look $p/cwd/$secret
    done
    ( : < $p/mem ) 2> /dev/null && echo "opened $p/mem"
    for space in mnt user pid; do test ! -e $p/ns/$space || echo "reached $p/ns/$space"; done
  done
}
files() { find / \\( -path /proc -o -path /sys \\) -prune -o -type f -size -64k -exec grep -l "$c" {} + 2> /dev/null; }
kernel() {
  for device in mem kmem port kmsg fuse vda sda nvme0n1 loop0 loop-control mapper; do test ! -e /dev/$device || echo "device $device"; done
  for node in 'mem c 1 1' 'kmsg c 1 11' 'disk b 254 0' 'disk2 b 8 0' 'fuse c 10 229'; do set -- $node
    for place in /tmp /dev /dev/shm; do mknod $place/$1 $2 $3 $4 2> /dev/null; head -c 1 $place/$1 > /dev/null 2>&1 && echo "read $place/$1"; rm -f $place/$1; done
  done
  for file in /proc/kcore /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /sys/kernel/uevent_helper; do
    ( : >> $file ) 2> /dev/null && test ! -c $file && echo "can write $file"
  done
}
uncover() {
  for place in /proc/1 /proc/kcore /proc/sys /proc /sys/firmware /sys /dev/null /dev /etc/hosts /; do
    umount -l $place 2> /dev/null && echo "unmounted $place"
  done
  mkdir -p /tmp/over; mount -t proc proc /tmp/over 2> /dev/null && for p in /tmp/over/[0-9]*/environ; do look $p; done
  mount -t cgroup2 none /tmp/over 2> /dev/null && mkdir /tmp/over/hunt 2> /dev/null && echo 'made a cgroup'
  mount --bind -o remount,rw /proc/sys /proc/sys 2> /dev/null && ( : >> /proc/sys/kernel/core_pattern ) 2> /dev/null && echo 'wrote /proc/sys'
}
processes; kernel; uncover; processes
# Deeper down a command is root once more, with all capabilities there are.
if test "$1" = deeper; then echo deeper >> /tmp/depths
else
  files
  unshare -U -r -m sh "$0" deeper 2> /dev/null
  unshare -U -r -m -p -f sh "$0" deeper 2> /dev/null
fi
true
`
