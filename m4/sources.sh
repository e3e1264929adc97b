#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# sources.sh SRCDIR OUT: writes the lists of files that Makefile.am and the folders' module.mk use, so that nobody edits a
# list when a file is added: a .c or .h in its folder is compiled, a .tl under tests/ is run, a file under scripts/ is
# installed.  bootstrap calls it, and so does every make; OUT is touched only when a list has changed, and then automake
# runs again.  Everything that is special about a file is decided here, by its name.
set -eu
cd "$1"
out=$2
LC_ALL=C; export LC_ALL

list() {    # list NAME FILE...: a make variable
    name=$1; shift
    printf '%s =' "$name"
    for f; do printf ' \\\n  %s' "$f"; done
    printf '\n\n'
}
files() {   # files FOLDER PATTERN...: those that exist, in the order of the alphabet
    folder=$1; shift
    for p; do for f in "$folder"/$p; do [ ! -f "$f" ] || echo "$f"; done; done | sort
}
without() { # without 'REGEX': drop lines
    grep -vE "$1" || :
}
tree() {    # tree FOLDER 'FIND EXPRESSION': files at any depth
    folder=$1; shift
    [ ! -d "$folder" ] || find "$folder" -type f "$@" ! -name '.*' ! -name '*~' ! -name '*.orig' ! -name '*.rej' | sort
}
new=$(mktemp)
trap 'rm -f "$new"' EXIT
program='interp/(main|repl|json|notebook|test|trust)\.c'

{
    echo "# Made by m4/sources.sh from what the folders hold; not to be edited."
    list lab_sources $(files lab '*.c' '*.h' '*.def' '*.inc' | without '^lab/ew_simd\.c$')
    for d in nn optim plot; do
        list ${d}_sources $(files $d '*.c' '*.h' '*.def' '*.inc' | without '^nn/kernels\.c$')
    done
    list cuda_sources $(files cuda '*.c' '*.h' '*.def' '*.inc' | without '^cuda/(shim\.[ch]|pack\.c)$')
    list cuda_text_sources $(files cuda 'text*.c' 'text*.h' kernel.h)
    list cuda_texts $(files lab '*.cu') $(files cuda '*.cu')
    list interp_sources $(files interp '*.c' '*.h' '*.def' '*.inc' | without "^$program\$")
    list program_sources $(files interp '*.c' | grep -E "^$program\$" || :)
    list builtin_sources $(files lab '*.c'; files nn '*.c' '*.def'; for d in optim plot interp; do files $d '*.c'; done)

    # Unit tests: one program each.  One that includes nothing right of lab/ is linked with lab/ alone.
    lab_only= whole=
    for f in $(files tests/unit '*.c'); do
        if grep -qE '#[ ]*include "(\.\./\.\./)?(interp|nn|optim|plot)/' "$f"; then whole="$whole ${f%.c}"
        else lab_only="$lab_only ${f%.c}"; fi
    done
    list unit_programs $lab_only $whole
    for t in $lab_only $whole; do
        v=$(echo "$t" | tr -c 'A-Za-z0-9\n' _)
        echo "${v}_SOURCES = $t.c"
        echo "${v}_CFLAGS = \$(AM_CFLAGS) \$(CHECK_CFLAGS)"
        case $t in */lab_alone)     # all of lab/, needed or not: it must want nothing from elsewhere
            echo "${v}_LDFLAGS = \$(AM_LDFLAGS) -Wl,--whole-archive,lab/.libs/liblab.a,--no-whole-archive"
            echo "${v}_LDADD = \$(core_libs)"
            echo "${v}_DEPENDENCIES = lab/liblab.la"
            continue ;;
        esac
        case $t in */cuda_*)        # kernel text, run on the CPU
            echo "${v}_LDADD = cuda/libshim.la cuda/libtext.la cuda/libcompile.la libcore.la \$(CHECK_LIBS) \$(core_libs)"
            continue ;;
        esac
        case " $lab_only " in
            *" $t "*) echo "${v}_LDADD = lab/liblab.la \$(CHECK_LIBS) \$(core_libs)" ;;
            *) echo "${v}_LDADD = libcore.la \$(CHECK_LIBS) \$(core_libs)" ;;
        esac
        echo
    done
    list unit_extra $(files tests/unit '*.h' '*.inc' '*.def')
    list tl_tests $(tree tests -name '*.tl' | without '^tests/(bench|fuzz|big|data|unit)/|/(lib|data|private|\+[a-z]*)/')
    list sh_tests $(tree tests -name '*.sh' | without '^tests/(bench|fuzz|big|data|unit|asan)/|/(lib|data)/|^tests/device/check.sh$' | grep / | without '^tests/[^/]*$')
    list big_tests $(tree tests/big -name '*.tl')
    list example_tests $(files scripts/examples '*.tl')
    list function_tests $(tree scripts -name '*.tl' | without '^scripts/(examples|lessons|data|editors|jupyter)/')
    list test_files $(tree tests ! -path 'tests/unit/*')
    list script_files $(tree scripts)
    list doc_files $(tree doc)
    list api_headers $(files interp tl.h) $(files lab tl_plugin.h)
    list m4_files m4/sources.sh $(files m4 'tl_*.m4')
} >"$new"
cmp -s "$new" "$out" || cp "$new" "$out"
