# The table of commands is the list of files in cli/commands/ that define one.
COMMAND_NAMES := $(sort $(shell grep -hoE '^const struct command command_[A-Za-z_]+' $(call tree,cli) /dev/null | sed 's/.*command_//'))
$(B)/gen/commands.inc: $(filter-out cli/mcp/% cli/menu/%,$(call tree,cli))
	@mkdir -p $(@D)
	@for c in $(COMMAND_NAMES); do echo "COMMAND($$c)"; done > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
GENERATED += $(B)/gen/commands.inc

# The completion scripts, as text to be printed.
$(B)/gen/completion.inc: $(wildcard cli/completion/*)
	@mkdir -p $(@D)
	@for s in bash zsh fish ps1; do \
		echo "static const char script_$$s[] ="; sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' cli/completion/limactl.$$s; echo ";"; \
	done > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
GENERATED += $(B)/gen/completion.inc

# The wrappers, beside limactl.
all: $(patsubst cli/wrappers/%,$(B)/bin/%,$(wildcard cli/wrappers/*))
$(B)/bin/%: cli/wrappers/%
	@mkdir -p $(@D)
	@install -m 755 $< $@

# The manual, from the tables that --help, and the reader of lima.yaml, are made of.
man: $(B)/bin/limactl
	@rm -rf $(B)/share/man
	@mkdir -p $(B)/share/man/man5
	@$(B)/bin/limactl generate-doc $(B)/share/man/man1
	@mv $(B)/share/man/man1/*.5 $(B)/share/man/man5

# Where shells look for them by themselves.
completions: $(B)/bin/limactl
	@mkdir -p $(B)/share/bash-completion/completions $(B)/share/zsh/site-functions $(B)/share/fish/vendor_completions.d
	@$(B)/bin/limactl completion bash > $(B)/share/bash-completion/completions/limactl
	@$(B)/bin/limactl completion zsh > $(B)/share/zsh/site-functions/_limactl
	@$(B)/bin/limactl completion fish > $(B)/share/fish/vendor_completions.d/limactl.fish

# The style of the report's page, as text to be printed.
$(B)/gen/cli/look/page_css.inc: cli/look/page.css
	@mkdir -p $(@D)
	@{ echo "static const char page_css[] ="; sed 's/\\/\\\\/g; s/"/\\"/g; s/^\t*//; s/.*/"&\\n"/' $<; echo ";"; } > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
GENERATED += $(B)/gen/cli/look/page_css.inc

# What limactl says to a command's runner in the guest.
MAIN_EXTRA += guest/wire/exec_frame.c
