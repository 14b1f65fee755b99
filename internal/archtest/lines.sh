#!/usr/bin/env bash
# A file that is longer than 400 lines has more than one subject. Generated files are exempt.
set -euo pipefail
cd "$(dirname "$0")/../.."
long=$(git ls-files --cached --others --exclude-standard '*.go' | grep -vE '\.gen\.go$' | xargs wc -l | awk '$1 > 400 && $2 != "total" {print "  " $2 ": " $1 " lines"}')
if [ -n "$long" ]; then
  printf 'Files over 400 lines:\n%s\n' "$long" >&2
  exit 1
fi
