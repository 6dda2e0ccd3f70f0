/* network-config, version 2 (netplan), and who answers the guest's DNS queries */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "providers/driver.h"
#include "providers/instance_mac.h"
#include "resources/cidata_files.h"
#include "resources/interface.h"
#include "resources/machine.h"
#include "resources/instance_paths.h"

const char *
cidata_mac(struct arena *a, const struct spec *spec)
{
	return instance_mac(a, spec->dir);
}

/* In plain mode nothing in the guest would send its queries there. */
bool
cidata_resolves(const struct spec *spec)
{
	return spec->resolver.enabled && !spec->ndns && !spec->plain && strcmp(spec->os, "Linux") == 0;
}

/*
 * Those of lima.yaml; else the driver's own, whose queries boot.Linux/23-host-dns sends
 * to the host agent; else none, and DHCP names that all the same.
 */
size_t
cidata_name_servers(const struct spec *spec, const char *const **out)
{
	if (spec->ndns) {
		*out = spec->dns;
		return spec->ndns;
	}
	*out = interface_first(spec) ? &interface_first(spec)->host : &machine_net(spec)->dns;
	return spec->resolver.enabled ? 1 : 0;
}

/* A word stays unquoted where that means the same, because other readers of this file know only a part of YAML. */
static void
cidata_network_word(struct buf *b, const char *s)
{
	if (*s && !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")])
		buf_adds(b, s);
	else
		quote_yaml(b, s);
}

/*
 * A template's word for images whose boot would wait for interfaces that have not got their names yet. Of
 * interest to netplan alone, which is why it is not always said.
 */
static bool
is_optional(const struct spec *spec)
{
	for (size_t i = 0; i < spec->nparam; i++)
		if (!strcmp(spec->param[i].key, "internal_netplanOptional"))
			return !strcmp(spec->param[i].value, "true");
	return false;
}

static void
put_interface(struct buf *b, const struct spec *spec, const char *name, const char *mac, unsigned metric)
{
	buf_adds(b, "  ");
	cidata_network_word(b, name);
	buf_addf(b, ":\n    match:\n      macaddress: '%s'\n    dhcp4: true\n    set-name: ", mac);
	cidata_network_word(b, name);
	if (is_optional(spec))
		buf_adds(b, "\n    optional: true");
	buf_addf(b, "\n    dhcp4-overrides:\n      route-metric: %u\n    dhcp-identifier: mac\n", metric);
}

const char *
cidata_network_config(struct arena *a, const struct spec *spec)
{
	const char *const *dns;
	size_t n = cidata_name_servers(spec, &dns);
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "version: 2\nethernets:\n");
	put_interface(&b, spec, "eth0", cidata_mac(a, spec), 200);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i ? ", " : "    nameservers:\n      addresses: [");
		cidata_network_word(&b, dns[i]);
	}
	if (n)
		buf_adds(&b, "]\n");
	for (size_t i = 0; i < spec->nnetworks; i++)
		if (&spec->networks[i] != interface_first(spec))
			put_interface(&b, spec, spec->networks[i].interface, spec->networks[i].mac_address, spec->networks[i].metric);
	return arena_strdup(a, b.s);
}
