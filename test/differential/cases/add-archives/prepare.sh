# Archives with owners, modes, links and times.
mkdir -p made/sub
echo one > made/one
chmod 4711 made/one
echo two > made/sub/two
ln made/one made/hard
ln -s sub/two made/soft
chmod 2755 made/sub
mkfifo made/fifo
tar --numeric-owner --owner=55 --group=66 --mtime=@1000000000 -C made -cf plain.tar .
tar --numeric-owner --owner=1 --group=2 --mtime=@1100000000 -C made -czf packed.tar.gz sub one
tar --numeric-owner --owner=3 --group=4 --mtime=@1200000000 -C made -cJf packed.tar.xz one hard
tar --numeric-owner --owner=5 --group=6 --mtime=@1200000000 -C made -cjf packed.tar.bz2 sub soft
tar --mtime=@1200000000 -C made -cJf sub.txz sub
rm -rf made
