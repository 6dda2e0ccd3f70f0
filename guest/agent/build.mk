# guest/agent: lima-guestagent, static, for this architecture and, where its tools are to be had, for the other one that most have.
# `make agents` makes those of all six; `scripts/install-deps agents` brings the compilers.
#
# Position-independent where Debian's C library has the start file for that (the loader moves a root daemon about), and without
# .eh_frame: nothing in it unwinds, and the section is a tenth of the program. The same bytes in whatever folder and at whatever time.
# tests/lint/agents runs each one and holds it to 0.5 MB gzipped.
AGENT_EXTRA += $(wildcard guest/wire/*.c)

GA_SRC := $(filter-out guest/agent/park_none.c,$(wildcard guest/agent/*.c guest/park/*.c guest/wire/*.c)) $(addprefix base/,buf.c error.c fs.c fs_open.c jsonspan.c mem.c proc.c proc_id.c proc_spawn.c programs.c utf8.c) \
	$(addprefix base/os/linux/,file.c process.c privilege.c sandbox.c paths.c seccomp.c syscalls.c)
GA_CFLAGS = -std=gnu17 -Os -g $(WARN) -fPIE -fno-common -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	$(HARDEN_C)
GA_LDFLAGS = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections,--build-id=none,--no-eh-frame-hdr,-T,guest/agent/discard.ld

GA_ARCHES := x86_64 aarch64 armv7l ppc64le riscv64 s390x
# what Debian calls their compilers
GA_TRIPLE_x86_64 := x86_64-linux-gnu
GA_TRIPLE_aarch64 := aarch64-linux-gnu
GA_TRIPLE_armv7l := arm-linux-gnueabihf
GA_TRIPLE_ppc64le := powerpc64le-linux-gnu
GA_TRIPLE_riscv64 := riscv64-linux-gnu
GA_TRIPLE_s390x := s390x-linux-gnu
# those that have rcrt1.o
GA_PIE := x86_64 aarch64
# those whose machines may be saved in their boot; the others do without the code for it
GA_PARKS := x86_64 aarch64
ga_src = $(if $(filter $(1),$(GA_PARKS)),$(GA_SRC),$(filter-out guest/park/% guest/agent/park_main.c,$(GA_SRC)) guest/agent/park_none.c)

# $(1): architecture, $(2): prefix of the tools, $(3): folder of libnghttp2.a and its headers
define GA_RULES
$(B)/guest/$(1)/%.o: %.c $$(B)/gen/flags | $$(B)/gen/version.h
	@mkdir -p $$(@D)
	@echo "  CC $(1) $$<"
	@$(2)gcc -I. -I$(B)/gen $(if $(3),-I$(3)/include) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $$(GA_CFLAGS) $$(HARDEN_$(1)) -MMD -MP -c -o $$@ $$<
$(B)/guest/$(1)/lima-guestagent: $(patsubst %.c,$(B)/guest/$(1)/%.o,$(call ga_src,$(1))) guest/agent/discard.ld
	@echo "  LD $$@"
	@$(2)gcc $$(GA_CFLAGS) $(if $(filter $(1),$(GA_PIE)),-static-pie,-static -no-pie) $$(GA_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(if $(3),-L$(3)/lib) -lnghttp2
$(B)/share/lima/lima-guestagent.Linux-$(1): $(B)/guest/$(1)/lima-guestagent
	@mkdir -p $$(@D)
	@$(2)objcopy -S $$< $$@
-include $(patsubst %.c,$(B)/guest/$(1)/%.d,$(call ga_src,$(1)))
endef

GA_HOST := $(shell uname -m)
GA_FOREIGN := $(filter-out $(GA_HOST),$(GA_ARCHES))
# which of them every build has, if it can
GA_CROSS := $(if $(filter x86_64,$(GA_HOST)),aarch64,x86_64)
GA_CROSS_LIB = $(B)/guest/$(1)/nghttp2
GA_FOR = $(B)/share/lima/lima-guestagent.Linux-$(1)
# Those whose library was fetched once are kept as new as the rest of the build.
GA_FETCHED := $(foreach a,$(GA_FOREIGN),$(if $(wildcard $(call GA_CROSS_LIB,$(a))/lib/libnghttp2.a),$(a)))

ifeq ($(SAN),)
$(eval $(call GA_RULES,$(GA_HOST),,))
all: $(call GA_FOR,$(GA_HOST))
$(foreach a,$(GA_FETCHED),$(eval $(call GA_RULES,$(a),$(GA_TRIPLE_$(a))-,$(call GA_CROSS_LIB,$(a)))))
all: $(foreach a,$(GA_FETCHED),$(call GA_FOR,$(a)))
ifeq ($(filter $(GA_CROSS),$(GA_FETCHED)),)
# Tried once in a build folder; what the machine lacks is said. `make guestagent-cross` tries again.
all: $(B)/guest/$(GA_CROSS)/tried
endif
endif
$(B)/guest/$(GA_CROSS)/tried:
	@mkdir -p $(@D)
	@touch $@
	@$(MAKE) -s guestagent-cross || echo "  SKIP lima-guestagent.Linux-$(GA_CROSS)"
# agent-ARCH: the agent for one other architecture; agents: for all of them
agent-lib-%:
	@guest/agent/cross-nghttp2 $* $(GA_TRIPLE_$*) $(call GA_CROSS_LIB,$*)
agent-%: agent-lib-%
	@$(MAKE) -s $(call GA_FOR,$*)
agents: $(addprefix agent-lib-,$(GA_FOREIGN))
	@$(MAKE) -s $(foreach a,$(GA_ARCHES),$(call GA_FOR,$(a)))
guestagent-cross: agent-$(GA_CROSS)
.PHONY: guestagent-cross agents

# The tests of what is in here are linked with nothing but it: its names are its own.
GA_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out guest/agent/main.c,$(GA_SRC)))
$(B)/tests/guest/test_ga_%: $(B)/obj/tests/unit/guest/test_ga_%.o $(GA_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lnghttp2
# tests/agent/client.c: a host's client for scripts
$(B)/tests/ga-client: $(patsubst %.c,$(B)/obj/%.o,tests/agent/client.c) $(GA_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -lnghttp2
