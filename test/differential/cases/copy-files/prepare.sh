# What a version control system cannot keep: modes, owners, links, empty directories.
chmod 600 plain.txt
chmod 755 script.sh
chmod 4751 tree/a
chmod 2770 tree/inner
mkdir -m 700 tree/empty
chown 12:34 tree/inner/b
ln -s tree/a linked-file
ln -s tree linked-directory
ln -s ../outside tree/dangling
ln -s a tree/to-a
ln -s /etc/passwd tree/absolute
