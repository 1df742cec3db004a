#!/bin/sh
# Install provision from this bundle, without a network:
#   sh install.sh [DIR]     DIR (default /opt/provision) becomes a Python environment of its own
set -eu
cd "$(dirname "$0")"
dir=${1-/opt/provision}
version=$(cat python-version)

say() { printf '%s\n' "$*" >&2; }

for name in "python$version" python3; do
	python=$(command -v "$name") && "$python" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" && break
	python=
done
if [ -z "$python" ]; then
	say "this bundle was made for Python $version, which is not here; make one on a machine with the same Python: ./run bundle"
	exit 1
fi
if ! sha256sum --quiet -c SHA256SUMS >&2; then
	say 'refused: a file is not the one that was packed (see above). Nothing was installed; copy the bundle again.'
	exit 1
fi
"$python" -m venv "$dir" || {
	say "no environment could be made in $dir: is it yours to write, and is python$version-venv installed?"
	exit 1
}
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links wheels --require-hashes -r bundle.lock
say "installed: $dir/bin/provision"
say "next: $dir/bin/provision init berau"
