# guest/boot: the boot scripts, as cidata.iso gets them, and a list by which they are known.
BOOT := $(patsubst guest/boot/%,$(B)/share/lima/cidata/%,$(wildcard guest/boot/*.sh guest/boot/*/*.sh))
share: $(B)/share/lima/cidata/list
$(B)/share/lima/cidata/%: guest/boot/%
	@mkdir -p $(@D)
	@install -m 755 $< $@
# what is no longer in the tree goes, too
$(B)/share/lima/cidata/list: $(BOOT)
	@cd $(@D) && find . -name '*.sh' | sed 's|^\./||' | while read -r f; do [ -f $(CURDIR)/guest/boot/$$f ] || rm -f $$f; done
	@cd $(@D) && find . -name '*.sh' | sed 's|^\./||' | LC_ALL=C sort | xargs sha256sum > list.new && mv list.new list
