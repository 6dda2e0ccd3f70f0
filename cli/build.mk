# The table of commands is the list of files in cli/ that define one.
COMMAND_NAMES := $(sort $(shell grep -hoE '^const struct command command_[a-z_]+' $(wildcard cli/*.c) /dev/null | sed 's/.*command_//'))
$(B)/gen/commands.inc: $(wildcard cli/*.c)
	@mkdir -p $(@D)
	@for c in $(COMMAND_NAMES); do echo "COMMAND($$c)"; done > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
GENERATED += $(B)/gen/commands.inc
