# guest/yq: yq for mode yq of provisioning, for guests of this machine's architecture. Static: it runs in any guest,
# whatever libraries are there.
YQ := $(B)/share/lima/yq/$(GA_HOST)
ifeq ($(SAN),)
all: $(YQ)/list
endif
$(YQ)/list: guest/yq/main.c $(B)/lib.a
	@mkdir -p $(@D)
	@rm -f $(YQ)/*
	@echo "  LD $(YQ)/lima-yq"
	@$(CC) $(CPPFLAGS) -std=gnu17 -Os $(WARN) $(HARDEN) $(HARDEN_LD) -fPIE -static-pie -o $(YQ)/lima-yq $^ -Wl,--gc-sections -s -lyaml -lpcre2-8 -lm
	@cd $(YQ) && sha256sum lima-yq > list
