mkdir -p data/x data/y
for name in plain.txt other.txt data/ab.log data/cd.log data/one.log data/a.log data/b.log data/capital data/x/deep data/y/deep2; do
  echo "$name" > "$name"
done
