#!/usr/bin/env bash
# Prints, as Markdown for a comment, what the working tree changes about every stack, and what the policies say of it:
#   ci/preview.sh BASE > comment.md
# Ends with 1 where a stack cannot be planned or breaks a mandatory policy; the Markdown says which, and is whole.
# The first line marks the comment, invisibly, so that the next run can find and replace it.
set -euo pipefail
export LC_ALL=C.UTF-8 # characters are counted, not bytes

limit=64000 # of GitHub's 65,536 characters; the rest is for what is left out
least=4000  # what `aicc diff` needs for one stack
said_limit=3000 # of what a command that failed has said

if [[ $# -ne 1 ]]; then
  echo "usage: ci/preview.sh BASE > comment.md" >&2
  exit 2
fi
base=$1
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
aicc=${AICC:-$root/bin/aicc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"

# Of both revisions: a stack that is removed is a difference, too.
git ls-tree --name-only "$base" ./ examples/ > "$work/files"
ls Pulumi.*.yaml examples/Pulumi.*.yaml >> "$work/files" 2> "$work/none" || true
sed -nE 's,^(examples/)?Pulumi\.(.+)\.yaml$,\2,p' "$work/files" | sort -u > "$work/stacks"
count=$(wc -l < "$work/stacks")
share=$((limit / (count > 0 ? count : 1) - said_limit))
share=$((share > least ? share : least))

failed=0
printed=0

block() { # SUMMARY FILE: what a command said, in a part that can be folded; without its middle where it is long
  local text
  text=$(< "$2")
  text=${text//'~~~'/'~ ~ ~'} # cannot end the block
  if ((${#text} > said_limit)); then
    text="${text:0:said_limit / 2}"$'\n…\n'"${text: -said_limit / 2}"
  fi
  printf '<details open>\n<summary>%s</summary>\n\n~~~text\n%s\n~~~\n\n</details>\n' "$1" "$text"
}

preview() { # STACK: its part of the comment
  local stack=$1
  if ! "$aicc" diff "$base" --stack "$stack" --markdown --limit "$share" 2> "$work/errors"; then
    printf '## Stack %s cannot be compared\n\n' "$stack"
    block "What went wrong" "$work/errors"
    cat "$work/errors" >&2
    failed=1
    return
  fi
  if [[ ! -f Pulumi.$stack.yaml && ! -f examples/Pulumi.$stack.yaml ]]; then
    return # removed: nothing is left to hold against policies
  fi
  if "$aicc" policy --stack "$stack" > "$work/policy" 2>&1; then
    printf '\nNo mandatory policy is broken.\n'
  else
    printf '\n'
    block "Mandatory policies are broken, or could not be asked" "$work/policy"
    cat "$work/policy" >&2
    failed=1
  fi
}

printf '<!-- aicc preview -->\n'
while read -r stack <&3; do
  preview "$stack" > "$work/part" # not in a subshell: it sets `failed`
  size=$(wc -m < "$work/part")
  if ((printed + size > limit)); then
    # shellcheck disable=SC2016  # the backticks are Markdown's
    printf '\n**Stack %s is left out for length:** `aicc diff %s --stack %s` shows it.\n' "$stack" "$base" "$stack"
  else
    printf '\n'
    cat "$work/part"
    printed=$((printed + size))
  fi
done 3< "$work/stacks"
exit "$failed"
