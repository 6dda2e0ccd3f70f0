# guest/yq: yq for mode yq of provisioning, for guests of this machine's architecture. Debian has no static libjq, so it
# comes with its libraries and their loader: it runs in any guest, whatever libraries are there.
YQ := $(B)/share/lima/yq/$(GA_HOST)
ifeq ($(SAN),)
all: $(YQ)/list
endif
$(B)/guest/yq/lima-yq: guest/yq/main.c $(B)/lib.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) -std=gnu17 -Os $(WARN) $(HARDEN) $(HARDEN_LD) -fPIE -pie -o $@ $^ -Wl,--gc-sections,--as-needed -s -ljq -lyaml -lm
$(YQ)/list: $(B)/guest/yq/lima-yq guest/yq/bundle
	@guest/yq/bundle $< $(YQ)
