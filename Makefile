# Targets: all agents quick check check-large e2e proofs coverage mutants asan asan-e2e tsan fuzz tidy fmt layers metrics bench man install uninstall dist deb html help clean (see HACKING.md, or `make help`).
# Each folder that needs more than its *.c has a build.mk, which may add to:
#   LAZY       sources that need big libraries: they go into limactl's lazily loaded half
#   GENERATED  headers or tables to be made before anything is compiled
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

B ?= build
CC ?= gcc
PREFIX ?= /usr/local
# Sources that were unpacked in somebody's repository are not of that one's version.
VERSION := $(if $(wildcard .git),$(shell git describe --tags --match 'v*' 2>/dev/null | sed 's/^v//' || true))
VERSION := $(or $(VERSION),$(shell cat VERSION))
SAN ?=

WARN = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 -Wno-format-nonliteral -Wno-missing-field-initializers
OPT ?= -O2 -g
# What the compiler and the linker put in the way of whoever finds a mistake with memory; tests/lint/elf holds every program to it.
# A sanitizer watches more, and the checks of the C library would stand in its way.
HARDEN_x86_64 := -fcf-protection=full
HARDEN_aarch64 := -mbranch-protection=standard
HARDEN_C := -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDEN := $(if $(SAN),,$(HARDEN_C) $(HARDEN_$(shell uname -m)))
# Debian's start files do not say that they keep to the shadow stack, so the linker would not say it of what is linked with them.
HARDEN_LD_x86_64 := -Wl,-z,shstk
# Addresses that are only to be moved are packed: a start reads 2 KiB of them and not 100.
HARDEN_LD := -Wl,-z,pack-relative-relocs -Wl,-z,relro,-z,now,-z,noexecstack $(HARDEN_LD_$(shell uname -m))
# the checks that UBSan adds make gcc suspect null formats
# What is built names no folder of this machine, and has the same bytes in every one.
CFLAGS = -std=gnu17 $(OPT) -ffile-prefix-map='$(CURDIR)'=. $(WARN) $(HARDEN) -fPIC -fno-common $(SAN) $(if $(SAN),-Wno-format-truncation -Wno-format-overflow)
CPPFLAGS = -I. -I$(B)/gen -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
LDFLAGS = $(SAN)
ifneq ($(SAN),)
CPPFLAGS += -DLAZY_LINKED
endif

# What every start of the program loads, and what only a step of a plan, or the host agent, needs. To find, map and bind a shared
# library costs a start 40 to 150 microseconds of some 1,100: the larger ones are static (of cJSON Debian has none).
LIBS_MAIN = -Wl,-Bstatic -lyaml -lpcre2-8 -lsqlite3 -Wl,-Bdynamic -lcjson -lpthread -lm
LIBS_LAZY = -lcurl -lssh2 -lz -lbz2 -llzma -lzstd -lisofs -lcrypto
# The host agent stays in memory for as long as its guest: the static libraries bring a quarter of the shared ones' pages.
LIBS_AGENT = -Wl,-Bstatic -lcares -lssh2 -luv_a -lnghttp2 -lcrypto -lz -Wl,-Bdynamic -lcjson -lpthread -lm

LAZY :=
GENERATED :=
.DEFAULT_GOAL := all
# The system that is built for. What is of one alone stands in a folder of its name, beside that of the other, behind one header.
SYSTEM ?= linux
OTHER := $(filter-out $(SYSTEM),linux darwin)
CPPFLAGS += $(addprefix -I,$(wildcard base/os/$(SYSTEM)/include))
# the sources of these folders, and of the folders in them
src = $(sort $(foreach f,$(wildcard $(addsuffix /*.c,$(1))),$(if $(findstring /$(OTHER)/,$(f)),,$(f))))
tree = $(call src,$(1) $(addsuffix /*,$(1)) $(addsuffix /*/*,$(1)))
include $(sort $(wildcard */build.mk */*/build.mk))

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

BASE := $(call tree,base)
TYPES := $(call src,resources)
CORE := $(filter-out providers/drivers/fake/% providers/clusters/fake/%,$(call tree,reconciler resources state providers)) $(call src,hostagent/protocol)
MAIN := $(BASE) $(filter-out $(LAZY),$(CORE)) $(filter-out cli/mcp/% cli/menu/%,$(call tree,cli)) $(MAIN_EXTRA)
AGENT := $(BASE) $(filter-out $(AGENT_NOT) hostagent/drivers/fake/%,$(call tree,hostagent)) $(AGENT_EXTRA)

# The table of resource types is the list of files in resources/ that define one.
TYPE_NAMES := $(sort $(shell grep -hoE '^const struct resource_type resource_[a-z_]+' $(TYPES) /dev/null | sed 's/.*resource_//'))
$(B)/gen/types.inc: $(TYPES)
	@mkdir -p $(@D)
	@for t in $(TYPE_NAMES); do echo "TYPE($$t)"; done > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define LIMA_VERSION "$(VERSION)"' > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
GENERATED += $(B)/gen/types.inc $(B)/gen/version.h

# Objects that were made with other flags are made anew.
$(B)/gen/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(HARDEN) $(OPT) $(SAN)' > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B)/obj/%.o: %.c $(B)/gen/flags | $(GENERATED)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

ifeq ($(SAN),)
# limactl calls into its lazy half through slots that are filled once lazy.so has been loaded (cli/lazy.c).
$(B)/gen/lazy_stubs.o: $(call obj,$(MAIN)) $(B)/libexec/lima/lazy.so scripts/lazy-stubs
	@mkdir -p $(@D)
	@scripts/lazy-stubs $(B)/libexec/lima/lazy.so $(call obj,$(MAIN)) > $(B)/gen/lazy_stubs.S
	@$(CC) -fPIC -c -o $@ $(B)/gen/lazy_stubs.S
$(B)/bin/limactl: $(call obj,$(MAIN)) $(B)/gen/lazy_stubs.o
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--as-needed -o $@ $^ $(LIBS_MAIN) -ldl
$(B)/libexec/lima/lazy.so: $(call obj,$(LAZY) $(BASE) $(LAZY_EXTRA))
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -shared $(HARDEN_LD) -Wl,-z,defs -Wl,-Bsymbolic -Wl,--as-needed -Wl,--version-script=scripts/lazy.map -o $@ $^ $(LIBS_LAZY) $(LIBS_MAIN)
else
$(B)/bin/limactl: $(call obj,$(MAIN) $(LAZY))
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_LAZY) $(LIBS_MAIN) -ldl
endif

$(B)/libexec/lima/lima-hostagent: $(call obj,$(AGENT))
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--gc-sections,--as-needed -o $@ $^ $(LIBS_AGENT)

$(B)/libexec/lima/lima-usernet: $(call obj,$(BASE) $(USERNET) $(USERNET_EXTRA))
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--gc-sections,--as-needed -o $@ $^ $(LIBS_USERNET)

$(B)/libexec/lima/lima-drive: $(call obj,$(BASE) $(DRIVE))
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--gc-sections,--as-needed -o $@ $^ $(LIBS_DRIVE)

$(B)/libexec/lima/lima-driver-qemu: $(call obj,$(BASE) $(DRIVER_QEMU))
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--gc-sections,--as-needed -o $@ $^ $(LIBS_DRIVER_QEMU)

ALL := $(B)/bin/limactl $(if $(SAN),,$(B)/libexec/lima/lazy.so) $(if $(call src,hostagent),$(B)/libexec/lima/lima-hostagent) $(B)/libexec/lima/lima-usernet $(B)/libexec/lima/lima-drive $(B)/libexec/lima/lima-driver-qemu
all: $(ALL) share

# Templates: as they are installed, beside the guests that we build.
share: $(B)/share/lima/plan.schema.json
$(B)/share/lima/plan.schema.json: docs/plan.schema.json
	@mkdir -p $(@D)
	@cp $< $@
share: $(patsubst examples/%,$(B)/share/lima/templates/%,$(shell find examples -name '*.yaml' -not -path 'examples/fleets/*'))
$(B)/share/lima/templates/%.yaml: examples/%.yaml
	@mkdir -p $(@D)
	@sed 's|\.\./build/share/lima/|../|' $< > $@

# The fake driver, for tests: limactl and host agent as they are, linked with it, and the process that plays a machine.
FAKE := $(B)/tests/fake
FAKE_DRIVER := providers/drivers/fake/driver.c providers/clusters/fake/engine.c
$(FAKE)/bin/limactl: $(call obj,$(FAKE_DRIVER)) $(B)/bin/limactl $(B)/libexec/lima/lazy.so
	@mkdir -p $(@D) $(FAKE)/libexec/lima
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--as-needed -o $@ $(call obj,$(MAIN)) $(call obj,$(FAKE_DRIVER)) $(B)/gen/lazy_stubs.o $(LIBS_MAIN) -ldl
	@ln -sfn ../../../../libexec/lima/lazy.so $(FAKE)/libexec/lima/lazy.so
	@ln -sfn ../../../../libexec/lima/lima-usernet $(FAKE)/libexec/lima/lima-usernet
	@ln -sfn ../../../../libexec/lima/lima-drive $(FAKE)/libexec/lima/lima-drive
	@ln -sfn ../../../../libexec/lima/lima-menu $(FAKE)/libexec/lima/lima-menu
	@ln -sfn ../../share $(FAKE)/share
$(FAKE)/libexec/lima/lima-hostagent: $(call obj,$(AGENT) $(call src,hostagent/drivers/fake))
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--gc-sections,--as-needed -o $@ $^ $(LIBS_AGENT)
$(FAKE)/libexec/lima/lima-fake-machine: $(call obj,$(filter-out %/driver.c,$(call src,providers/drivers/fake)) providers/pidfile.c $(BASE))
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -Wl,--gc-sections -o $@ $^ -lm
$(FAKE)/drivers/lima-driver-play: $(call obj,$(BASE) $(PLAY))
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -Wl,--gc-sections -o $@ $^ $(LIBS_DRIVE)
fake: all $(FAKE)/bin/limactl $(FAKE)/libexec/lima/lima-hostagent $(FAKE)/libexec/lima/lima-fake-machine $(FAKE)/drivers/lima-driver-play

# Unit tests: tests/unit/FOLDER/test_*.c, each a program linked with everything but main().
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/*/test_*.c))
LIB := $(filter-out $(B)/obj/cli/main.o $(B)/obj/cli/lazy.o,$(call obj,$(MAIN) $(LAZY))) $(B)/obj/cli/lazy_linked.o
$(B)/obj/cli/lazy_linked.o: cli/lazy.c $(B)/gen/flags | $(GENERATED)
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -DLAZY_LINKED $(CFLAGS) -c -o $@ $<
LIB_AGENT := $(filter-out $(B)/obj/hostagent/main.o,$(filter-out $(LIB),$(call obj,$(AGENT))))
LIB_USERNET := $(filter-out $(B)/obj/usernet/main.o,$(call obj,$(USERNET)))
LIB_DRIVERS := $(filter-out $(LIB) $(LIB_AGENT),$(call obj,$(DRIVER_WIRE) drivers/qemu/instance.c))
$(B)/lib.a: $(LIB) $(LIB_AGENT) $(LIB_USERNET) $(LIB_DRIVERS)
	@rm -f $@; ar rcs $@ $^
$(B)/tests/%: $(B)/obj/tests/unit/%.o $(B)/lib.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(B)/lib.a -lcmocka $(LIBS_LAZY) $(LIBS_AGENT) $(LIBS_USERNET) $(LIBS_MAIN) -ldl
# Ends what a test leaves behind: a program of its own, whatever the rest is built with.
REAP := build/tests/reap
$(REAP): tests/reap.c
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -std=gnu17 -O2 $(WARN) -o $@ $<
$(B)/tests/providers/test_cluster: $(call obj,providers/clusters/fake/engine.c)
# The engine over fake types: a world in memory.
$(B)/tests/reconciler/test_engine $(B)/tests/reconciler/test_requests $(B)/tests/reconciler/test_settled: $(B)/obj/tests/engine/world.o $(B)/obj/tests/engine/memory_vfs.o
$(B)/tests/equivalence: $(addprefix $(B)/obj/tests/engine/,equivalence.o world.o memory_vfs.o) $(B)/lib.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_LAZY) $(LIBS_AGENT) $(LIBS_MAIN) -ldl
# The engine `ganeti` on the bed of tests/cluster.
$(B)/tests/drive: $(B)/obj/tests/cluster/drive.o $(B)/lib.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_LAZY) $(LIBS_AGENT) $(LIBS_MAIN) -ldl
equivalence: $(B)/tests/equivalence
	@$(B)/tests/equivalence
unit: $(UNIT) $(ALL) $(REAP)
	@scripts/unit $(UNIT)
# Which branches of engine and state the tests of both take: the same programs, with these objects in the place of the library's.
COV := $(patsubst %.c,$(B)/cov/%.o,$(call src,reconciler state/observed))
COV_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/reconciler/*.c tests/unit/state/test_state*.c)) equivalence
$(B)/cov/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(filter-out $(OPT) $(HARDEN),$(CFLAGS)) -O0 --coverage -fprofile-update=atomic -MMD -MP -c -o $@ $<
$(B)/cov/tests/%: $(B)/tests/% $(COV)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) --coverage -o $@ $(or $(wildcard $(B)/obj/tests/unit/$*.o),$(B)/obj/tests/engine/$*.o) $(B)/obj/tests/engine/world.o $(B)/obj/tests/engine/memory_vfs.o \
		$(COV) $(B)/lib.a -lcmocka $(LIBS_LAZY) $(LIBS_AGENT) $(LIBS_USERNET) $(LIBS_MAIN) -ldl
# limactl with the fake driver, too, in a folder that looks like a build to tests/fake.
$(B)/cov/build/tests/fake/bin/limactl: $(COV) $(FAKE)/bin/limactl
	@mkdir -p $(@D)
	@for f in libexec share drivers; do ln -sfn ../../../../tests/fake/$$f $(B)/cov/build/tests/fake/$$f; done
	@$(CC) $(LDFLAGS) --coverage -pie -Wl,--as-needed -o $@ $(COV) $(filter-out $(patsubst $(B)/cov/%,$(B)/obj/%,$(COV)),$(call obj,$(MAIN))) $(call obj,$(FAKE_DRIVER)) $(B)/gen/lazy_stubs.o $(LIBS_MAIN) -ldl
coverage: fake $(addprefix $(B)/cov/tests/,$(COV_TESTS)) $(B)/cov/build/tests/fake/bin/limactl $(REAP)
	@find $(B)/cov -name '*.gcda' -delete
	@scripts/unit $(filter-out %/equivalence,$(addprefix $(B)/cov/tests/,$(COV_TESTS)))
	@$(B)/cov/tests/equivalence 1000
	@B=$(B)/cov/build scripts/bats tests/fake/plans.bats tests/fake/together.bats
	@tests/lint/coverage $(if $(V),-v) $(B)/cov
# Mistakes in planner and walk, one at a time, each for the tests of both.
MUTANT_TESTS = $(B)/obj/tests/unit/reconciler/test_plan.o;$(B)/obj/tests/unit/reconciler/test_walk.o;$(addprefix $(B)/obj/tests/,unit/reconciler/test_engine.o engine/world.o engine/memory_vfs.o);$(addprefix $(B)/obj/tests/engine/,equivalence.o world.o memory_vfs.o)
mutants: $(B)/tests/reconciler/test_plan $(B)/tests/reconciler/test_walk $(B)/tests/reconciler/test_engine $(B)/tests/equivalence $(REAP)
	@MUTANT_CC='$(CC) $(CPPFLAGS) $(subst ','"'"',$(filter-out $(OPT) $(HARDEN),$(CFLAGS))) -O0' MUTANT_LD='$(CC) $(LDFLAGS)' MUTANT_TESTS='$(MUTANT_TESTS)' \
		MUTANT_LIBS='$(B)/lib.a -lcmocka $(LIBS_LAZY) $(LIBS_AGENT) $(LIBS_USERNET) $(LIBS_MAIN) -ldl' tests/lint/mutants $(MUTANTS)
# The conformance test boots the tiny guest, so it is apart.
$(B)/tests/test_types: $(B)/obj/tests/types/test_types.o $(B)/lib.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_LAZY) $(LIBS_AGENT) $(LIBS_MAIN) -ldl
types: all guest-tiny $(B)/tests/test_types $(REAP)
	@scripts/unit $(B)/tests/test_types

# What needs no guest, in a minute: layers, lint, units, plan cases, the engine over fake types and the fake machine.
quick: fake $(UNIT) $(B)/tests/equivalence $(ALL) $(REAP)
	@SUITES=tests/suites-quick JOBS=3 UNITS="$(UNIT)" scripts/check
# What suites share is built before they run, two at a time: much of what they do is waiting for a guest.
check: deps-test
	@$(MAKE) -s all guest-tiny fake $(UNIT) $(B)/tests/test_types
	@JOBS=2 scripts/check
e2e: all guest-tiny
	@JOBS=2 scripts/check $(shell awk '/tests\/e2e/ { print $$1 }' tests/suites)
# The debian guest: its packages, its image, and the suites that share one boot of it.
check-large: deps-large
	@$(MAKE) -s all guest-tiny guest-debian
	@tests/large/architectures --make $(GA_ARCHES)
	@$(MAKE) -s agents $(B)/tests/ga-client
	@scripts/check-large
deps-large: deps-test
	@scripts/install-deps guest-large agents deb docs pictures
ASAN = B=build-asan OPT='-O1 -g' SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
asan:
	@$(MAKE) -s $(ASAN) unit
# The same build of limactl and host agent, on a real guest and with bad luck; what runs in the guest is that of the other build.
asan-e2e: guest-tiny
	@$(MAKE) -s $(ASAN) all
	@cd build-asan/share/lima && ln -sfn ../../../build/share/lima/lima-guestagent.* ../../../build/share/lima/yq .
	@B=build-asan scripts/bats tests/e2e/badluck.bats tests/e2e/instances.bats tests/e2e/tiny.bats
# What the walk stands on, and not everything that a unit test is linked with: nothing else of it runs.
$(B)/tests/walk_alone: $(call obj,tests/unit/reconciler/test_walk.c $(BASE) $(wildcard reconciler/plan*.c reconciler/walk*.c) $(addprefix reconciler/,graph.c reason.c verdict.c))
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_MAIN) -ldl
tsan:
	@$(MAKE) -s B=build-tsan OPT='-O1 -g' SAN=-fsanitize=thread build-tsan/tests/walk_alone $(REAP)
	@setarch -R scripts/unit build-tsan/tests/walk_alone
# What limactl and its programs are made of on macOS, through the compiler; see scripts/check-darwin.
check-darwin: $(GENERATED)
	@$(MAKE) -s SYSTEM=darwin compile-darwin
compile-darwin:
	@scripts/check-darwin $(sort $(MAIN) $(LAZY) $(AGENT) $(USERNET) $(USERNET_EXTRA) $(MCP_SRC) $(MENU_SRC))
# What a user is promised, whatever happens, with its counts; what `make check` has of it are samples.
proofs: fake $(B)/tests/equivalence $(REAP)
	@SUITES=tests/suites-proofs JOBS=1 scripts/check
layers:
	@scripts/layers
metrics:
	@scripts/metrics
tidy: compile_commands.json
	@scripts/tidy
fmt:
	@git ls-files '*.c' '*.h' | xargs clang-format -i
$(B)/tests/load: $(B)/obj/tests/bench/load.o $(B)/lib.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_LAZY) $(LIBS_AGENT) $(LIBS_MAIN) -ldl
bench: all fake $(B)/tests/load
	@tests/bench/run
deps-build deps-test deps-demo:
	@scripts/install-deps build run guest $(if $(filter deps-test,$@),test lint bench)
demo: deps-demo
	@$(MAKE) -s all guest-tiny
	@scripts/demo
install: all man completions
	@scripts/install-tree $(B) $(DESTDIR)$(PREFIX)
# What install put there; instances and caches are the users', and stay.
uninstall: all man completions
	@scripts/install-tree --remove $(B) $(DESTDIR)$(PREFIX)
dist:
	@scripts/dist
html:
	@scripts/docs-html
deb:
	@scripts/install-deps build agents deb
	@$(MAKE) -s agents
	@scripts/deb
help:
	@scripts/make-help

clean:
	rm -rf build build-asan build-tsan build-fuzz compile_commands.json
compile_commands.json: Makefile
	@scripts/compdb > $@
.PHONY: all completions share unit equivalence fake coverage mutants proofs types quick check check-large e2e asan asan-e2e tsan fuzz tidy fmt layers metrics bench man install uninstall dist deb html help demo check-darwin compile-darwin clean FORCE deps-build deps-test deps-demo deps-large guest-tiny
-include $(shell find $(B)/obj $(B)/cov -name '*.d' 2>/dev/null)
