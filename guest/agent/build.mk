# guest/agent: lima-guestagent, static, for this architecture and, where its tools are to be had, for the other one.
#
# Position-independent (the loader moves a root daemon about), and without .eh_frame: nothing in it unwinds, and
# the section is a tenth of the program. At most 400 KB gzipped; tests/agent/run checks that.
AGENT_EXTRA += $(wildcard guest/wire/*.c)

GA_SRC := $(wildcard guest/agent/*.c guest/wire/*.c) $(addprefix base/,buf.c error.c fs.c fs_open.c jsonspan.c mem.c proc.c proc_id.c proc_spawn.c programs.c utf8.c sandbox.c paths.c seccomp.c syscalls.c)
GA_CFLAGS = -std=gnu17 -Os -g $(WARN) -fPIE -fno-common -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	$(HARDEN_C)
GA_LDFLAGS = -static-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections,--build-id=none,--no-eh-frame-hdr,-T,guest/agent/discard.ld

# $(1): architecture, $(2): prefix of the tools, $(3): folder of libnghttp2.a and its headers
define GA_RULES
$(B)/guest/$(1)/%.o: %.c $$(B)/gen/flags | $$(B)/gen/version.h
	@mkdir -p $$(@D)
	@echo "  CC $(1) $$<"
	@$(2)gcc -I. -I$(B)/gen $(if $(3),-I$(3)/include) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $$(GA_CFLAGS) $$(HARDEN_$(1)) -MMD -MP -c -o $$@ $$<
$(B)/guest/$(1)/lima-guestagent: $(patsubst %.c,$(B)/guest/$(1)/%.o,$(GA_SRC)) guest/agent/discard.ld
	@echo "  LD $$@"
	@$(2)gcc $$(GA_CFLAGS) $$(GA_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(if $(3),-L$(3)/lib) -lnghttp2
$(B)/share/lima/lima-guestagent.Linux-$(1): $(B)/guest/$(1)/lima-guestagent
	@mkdir -p $$(@D)
	@$(2)objcopy -S $$< $$@
-include $(patsubst %.c,$(B)/guest/$(1)/%.d,$(GA_SRC))
endef

GA_HOST := $(shell uname -m)
GA_CROSS := $(patsubst $(GA_HOST),,$(if $(filter x86_64,$(GA_HOST)),aarch64,x86_64))
GA_CROSS_LIB := $(B)/guest/$(GA_CROSS)/nghttp2

ifeq ($(SAN),)
$(eval $(call GA_RULES,$(GA_HOST),,))
all: $(B)/share/lima/lima-guestagent.Linux-$(GA_HOST)
ifneq ($(wildcard $(GA_CROSS_LIB)/lib/libnghttp2.a),)
$(eval $(call GA_RULES,$(GA_CROSS),$(GA_CROSS)-linux-gnu-,$(GA_CROSS_LIB)))
all: $(B)/share/lima/lima-guestagent.Linux-$(GA_CROSS)
else
# Tried once in a build folder; what the machine lacks is said. `make guestagent-cross` tries again.
all: $(B)/guest/$(GA_CROSS)/tried
endif
endif
$(B)/guest/$(GA_CROSS)/tried:
	@mkdir -p $(@D)
	@touch $@
	@$(MAKE) -s guestagent-cross || echo "  SKIP lima-guestagent.Linux-$(GA_CROSS)"
guestagent-cross:
	@guest/agent/cross-nghttp2 $(GA_CROSS) $(GA_CROSS_LIB)
	@$(MAKE) -s $(B)/share/lima/lima-guestagent.Linux-$(GA_CROSS)
.PHONY: guestagent-cross

# The tests of what is in here are linked with nothing but it: its names are its own.
GA_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out guest/agent/main.c,$(GA_SRC)))
$(B)/tests/guest/test_ga_%: $(B)/obj/tests/unit/guest/test_ga_%.o $(GA_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lnghttp2
# tests/agent/client.c: a host's client for scripts
$(B)/tests/ga-client: $(patsubst %.c,$(B)/obj/%.o,tests/agent/client.c) $(GA_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -lnghttp2
