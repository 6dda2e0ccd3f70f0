# guest/tiny: the tiny guest, and the host-side tests of what lima-init and sudo parse.
# `make guest-tiny` makes the one that boots fastest here, `make guest-tiny ARCH=riscv64` another one.
ARCH ?= $(GA_HOST)
guest-tiny:
	@guest/tiny/build --arch $(ARCH) $(B)/share/lima/guests/tiny-$(ARCH)
.PHONY: guest-tiny

$(B)/tests/guest/test_init_env: $(B)/obj/guest/init/env.o
$(B)/tests/guest/test_init_scan: $(B)/obj/guest/init/scan.o
$(B)/tests/guest/test_init_accounts: $(B)/obj/guest/init/accounts.o
$(B)/tests/guest/test_init_probe: $(B)/obj/guest/init/probe.o
$(B)/tests/guest/test_sudo_args: $(B)/obj/guest/init/sudo_args.o
