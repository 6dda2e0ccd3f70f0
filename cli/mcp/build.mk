# limactl-mcp: a plugin, so a program of its own; small, since it lives as long as the AI's session.
MCP_SRC := $(BASE) $(wildcard cli/mcp/*.c) cli/ssh/shell_script.c \
	providers/ssh/sftp.c providers/ssh/ssh.c providers/ssh/ssh_link.c providers/ssh/ssh_channel.c providers/ssh/ssh_exec.c providers/ssh/ssh_heap.c providers/ssh/ssh_session.c providers/ssh/host_key.c providers/sock.c
all: $(B)/libexec/lima/limactl-mcp
$(B)/libexec/lima/limactl-mcp: $(patsubst %.c,$(B)/obj/%.o,$(wildcard base/*.c base/quote/*.c base/os/$(SYSTEM)/*.c) $(filter-out $(BASE),$(MCP_SRC)))
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) $(HARDEN_LD) -pie -Wl,--gc-sections,--as-needed -o $@ $^ -lssh2 -lcrypto -lcjson -lm
