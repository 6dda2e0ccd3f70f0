# guest/ganeti: the OS definition of nodes of Ganeti, as `limactl cluster setup` brings it there.
GANETI := $(patsubst guest/ganeti/%,$(B)/share/lima/ganeti/%,$(wildcard guest/ganeti/*.sh guest/ganeti/lima/*))
share: $(GANETI)
$(B)/share/lima/ganeti/%: guest/ganeti/%
	@mkdir -p $(@D)
	@cp -p $< $@ && touch $@
