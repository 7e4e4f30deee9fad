# Files whose names a version control system would ignore as well.
mkdir -p node_modules/x kept/node_modules docs/more sub/rooted dir kept/dir
for name in node_modules/x/y kept/node_modules/z a.log kept/b.log important.log x.tmp kept/y.tmp kept/secret kept/open \
  rooted sub/rooted/file docs/README.md docs/a.md docs/more/README.md abc abbc dir/f kept/dir/f; do
  echo "$name" > "$name"
done
