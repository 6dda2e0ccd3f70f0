/* user-data and network-config: what cloud-init makes of a guest. cloud-init: cloud-config, network config v2 */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "resources/cidata_files.h"
#include "resources/common.h"

/* a YAML double-quoted scalar: safe for any text */
static void
quote(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			buf_addf(b, "\\x%02x", c);
		else
			buf_addc(b, (char)c);
	}
	buf_addc(b, '"');
}

static void
line(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "%s: ", key);
	quote(b, value);
	buf_addc(b, '\n');
}

static void
put_user(struct buf *b, const struct spec *spec, const struct key_list *keys)
{
	buf_adds(b, "users:\n");
	line(b, "  - name", spec->user.name);
	buf_addf(b, "    uid: \"%u\"\n", spec->user.uid);
	if (*spec->user.comment)
		line(b, "    gecos", spec->user.comment);
	line(b, "    homedir", spec->user.home);
	line(b, "    shell", spec->user.shell);
	buf_adds(b, spec->user.passwordless_sudo ? "    sudo: ALL=(ALL) NOPASSWD:ALL\n    lock_passwd: true\n" :
						   "    sudo: ALL=(ALL) ALL\n    lock_passwd: false\n");
	buf_adds(b, "    ssh-authorized-keys:\n");
	for (size_t i = 0; i < keys->n; i++) {
		buf_adds(b, "      - ");
		quote(b, keys->v[i].line);
		buf_addc(b, '\n');
	}
}

const char *
cidata_user_data(struct arena *a, const struct env *env, const struct spec *spec, const struct key_list *keys)
{
	AUTO(buf) b = BUF_INIT;

	(void)env;
	buf_adds(&b, "#cloud-config\n# vim:syntax=yaml\n\ngrowpart:\n  mode: auto\n  devices: [\"/\"]\n");
	if (spec->upgrade_packages)
		buf_adds(&b, "package_update: true\npackage_upgrade: true\npackage_reboot_if_required: true\n");
	if (*spec->timezone)
		line(&b, "timezone", spec->timezone);
	put_user(&b, spec, keys);
	return arena_strdup(a, b.s);
}

static void
put_interface(struct buf *b, const char *name, const char *mac, unsigned metric)
{
	buf_addf(b, "  %s:\n    match:\n      macaddress: '%s'\n    dhcp4: true\n    set-name: %s\n", name, mac, name);
	buf_addf(b, "    dhcp4-overrides:\n      route-metric: %u\n    dhcp-identifier: mac\n", metric);
}

const char *
cidata_network_config(struct arena *a, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "version: 2\nethernets:\n");
	put_interface(&b, "eth0", instance_mac(a, spec->dir), 200);
	for (size_t i = 0; i < spec->ndns; i++)
		buf_addf(&b, "%s%s%s", i ? ", " : "    nameservers:\n      addresses: [", spec->dns[i],
			 i + 1 == spec->ndns ? "]\n" : "");
	for (size_t i = 0; i < spec->nnetworks; i++)
		put_interface(&b, spec->networks[i].interface, spec->networks[i].mac_address, spec->networks[i].metric);
	return arena_strdup(a, b.s);
}
