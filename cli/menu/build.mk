# lima-menu: a program of its own, so that nothing else loads a library for screens.
MENU_SRC := $(wildcard cli/menu/*.c)
all: $(B)/libexec/lima/lima-menu
$(B)/libexec/lima/lima-menu: $(patsubst %.c,$(B)/obj/%.o,$(call tree,base) $(MENU_SRC))
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--gc-sections,--as-needed -o $@ $^ -lncursesw -ltinfo -lcjson -lm $(if $(SAN),-lcrypto)
