# Fuzz targets, one a file fuzz_*.c: built with clang, apart from everything else (see `make fuzz`).
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS = B=build-fuzz CC=clang OPT='-O1 -g -Wno-unknown-warning-option' \
	SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined'
FUZZ_SECONDS ?= 60

$(B)/fuzz/fuzz_ga_%: $(B)/obj/tests/fuzz/fuzz_ga_%.o $(GA_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ -lnghttp2
# What they stand on, and not all of the program: that would be two thirds of the time of a build with sanitizers.
FUZZED := $(call tree,base state/desired) $(DRIVER_WIRE) $(call src,hostagent/dns hostagent/sftpd) $(filter-out usernet/main.c,$(call src,usernet)) hostagent/log.c
$(B)/fuzzed.a: $(patsubst %.c,$(B)/obj/%.o,$(FUZZED))
	@mkdir -p $(@D)
	@rm -f $@; ar rcs $@ $^
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(B)/fuzzed.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_LAZY) $(LIBS_AGENT) $(LIBS_USERNET) $(LIBS_MAIN) -ldl
fuzz-targets: $(FUZZ)
# each target for FUZZ_SECONDS; what it finds stays in build-fuzz/found
fuzz:
	@$(MAKE) -s $(FUZZ_FLAGS) fuzz-targets
	@tests/fuzz/run build-fuzz/fuzz $(FUZZ_SECONDS)
# their corpora, once
fuzz-replay:
	@$(MAKE) -s $(FUZZ_FLAGS) fuzz-targets
	@tests/fuzz/run build-fuzz/fuzz 0
.PHONY: fuzz-targets fuzz-replay
