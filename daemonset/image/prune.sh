#!/bin/sh
# Removes from a folder of npm packages what no program reads when it runs: types, source maps,
# documents, native code's sources, and native code for another runtime. Licences stay.
set -eu
modules=$1

find "$modules" -type f \( -name '*.map' -o -name '*.bare' -o -name '*.ts' -o -name '*.[cm]ts' \
  -o -iname '*.md' -o -iname '*.markdown' -o -name '.*' -o -name 'tsconfig*.json' \
  -o -name '*.cc' -o -name '*.hh' -o -name '*.h' -o -name '*.S' -o -name '*.asm' \
  -o -name '*.cpp' -o -name '*.c' -o -name 'CMakeLists.txt' \) \
  ! -iname 'licen[cs]e*' ! -iname 'notice*' -delete
rm -rf "$modules"/koffi/doc "$modules"/koffi/vendor "$modules"/@koromix/*/musl_* "$modules"/@types
find "$modules" -type d -empty -delete
