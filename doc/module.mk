# SPDX-License-Identifier: BSD-3-Clause
# doc/: the manual.  `make info`, `make html`, `make pdf` build it, where makeinfo (and for pdf TeX) is; `make` and `make check` need
# neither, and `make install` installs what has been built.
manual_includes = -I doc -I $(srcdir)/doc -I $(srcdir)/scripts/examples
manual_htmldir = $(docdir)/html
manual_sources = $(filter %.texi,$(doc_files)) doc/functions.stamp doc/version.texi

doc/version.texi: Makefile
	$(AM_V_GEN)$(MKDIR_P) doc && echo '@set VERSION $(PACKAGE_VERSION)' >$@
# The chapter of functions is made by the program itself, from the texts of `help`.
doc/functions.stamp: tl$(EXEEXT) doc/functions.tl tests/functions.txt $(function_tests)
	$(AM_V_GEN)$(MKDIR_P) doc && ./tl$(EXEEXT) --functions >doc/names && \
	    ./tl$(EXEEXT) $(srcdir)/doc/functions.tl $(srcdir) doc doc/names && echo made >$@
manual_tool = command -v $(1) >/dev/null 2>&1 || { echo "make $@: $(1) is not installed (on Debian: $(2))" >&2; exit 1; }

doc/tl.info: $(manual_sources)
	@$(call manual_tool,makeinfo,texinfo)
	$(AM_V_GEN)makeinfo --no-split $(manual_includes) -o $@ $(srcdir)/doc/tl.texi
doc/html/index.html: $(manual_sources) doc/pictures.tl
	@$(call manual_tool,makeinfo,texinfo)
	$(AM_V_GEN)rm -rf doc/html doc/pictures && ./tl$(EXEEXT) $(srcdir)/doc/pictures.tl $(abs_srcdir)/doc/plotting.texi doc/pictures && \
	    makeinfo --html --split=section `test ! -f doc/pictures/flow.png || echo -D PICTURES` $(manual_includes) -o doc/html $(srcdir)/doc/tl.texi && \
	    { test ! -f doc/pictures/flow.png || cp -r doc/pictures doc/html; }
doc/tl.pdf: $(manual_sources)
	@$(call manual_tool,texi2pdf,texinfo); $(call manual_tool,pdftex,texlive-plain-generic and texlive-latex-base)
	$(AM_V_GEN)texi2pdf --quiet --build-dir=doc/tl.t2p $(manual_includes) -o $@ $(srcdir)/doc/tl.texi

info-local: doc/tl.info
html-local: doc/html/index.html
pdf-local: doc/tl.pdf

install-data-hook:
	@if test -f doc/tl.info; then \
	    echo " $(INSTALL_DATA) doc/tl.info '$(DESTDIR)$(infodir)'"; \
	    $(MKDIR_P) "$(DESTDIR)$(infodir)" "$(DESTDIR)$(docdir)" && $(INSTALL_DATA) doc/tl.info "$(DESTDIR)$(infodir)" && \
	        rm -f "$(DESTDIR)$(docdir)/tl.info" && $(LN_S) "$(infodir)/tl.info" "$(DESTDIR)$(docdir)/tl.info" || exit 1; \
	    if test -z "$(DESTDIR)" && command -v install-info >/dev/null 2>&1; then \
	        install-info --info-dir="$(infodir)" "$(infodir)/tl.info" || :; fi; \
	else echo "the manual is not built, so it is not installed: make info html builds it"; fi
	@if test -f doc/html/index.html; then \
	    echo " $(INSTALL_DATA) doc/html/*.html '$(DESTDIR)$(manual_htmldir)'"; \
	    $(MKDIR_P) "$(DESTDIR)$(manual_htmldir)" && for f in doc/html/*.html; do echo "$$f"; done | \
	        xargs sh -c '$(INSTALL_DATA) "$$@" "$(DESTDIR)$(manual_htmldir)"' sh; fi
	@if test -d doc/html/pictures; then $(MKDIR_P) "$(DESTDIR)$(manual_htmldir)/pictures" && \
	    $(INSTALL_DATA) doc/html/pictures/* "$(DESTDIR)$(manual_htmldir)/pictures"; fi
	@if test -f doc/tl.pdf; then $(MKDIR_P) "$(DESTDIR)$(pdfdir)" && $(INSTALL_DATA) doc/tl.pdf "$(DESTDIR)$(pdfdir)"; fi
uninstall-local:
	@if test -z "$(DESTDIR)" && test -f "$(infodir)/tl.info" && command -v install-info >/dev/null 2>&1; then \
	    install-info --delete --info-dir="$(infodir)" "$(infodir)/tl.info" || :; fi
	rm -rf "$(DESTDIR)$(manual_htmldir)"
	rm -f "$(DESTDIR)$(docdir)/tl.info" "$(DESTDIR)$(infodir)/tl.info" "$(DESTDIR)$(pdfdir)/tl.pdf"

mostlyclean-local:
	rm -rf doc/html doc/pictures doc/tl.t2p
CLEANFILES += doc/version.texi doc/functions.stamp doc/functions.texi doc/words.texi doc/members-*.texi doc/names doc/tl.info doc/tl.pdf
